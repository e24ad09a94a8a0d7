/** What the route shows: which branches are open, in what order the cards stand, where a card can go. */

import { placeOf, routeAt, shownBranches } from "../plan/route";
import { within } from "../plan/path";
import type { Item, Plan } from "../plan/types";

export type Toggled = ReadonlyMap<string, boolean>;

/** The key by which every branch that nobody touched is open, or closed. */
export const ALL = "*";

/** Branches of one step begin closed. One that holds the chosen card, a problem or the traced call opens by itself. */
export function isOpen(branch: { path: string; route: Item[] }, toggled: Toggled, marked: readonly string[]): boolean {
  if (marked.some((path) => within(path, branch.path))) return true;
  return toggled.get(branch.path) ?? (toggled.get(ALL) ?? branch.route.length > 1);
}

export interface Slot { route: string; index: number }

export function visibleItems(plan: Plan, route: string, toggled: Toggled, marked: readonly string[]): string[] {
  const found: string[] = [];
  routeAt(plan, route).forEach((item, index) => {
    const path = `${route}[${index}]`;
    found.push(path);
    for (const branch of shownBranches(item, path)) if (isOpen(branch, toggled, marked)) found.push(...visibleItems(plan, branch.path, toggled, marked));
  });
  return found;
}

/** Where the item at `moving` can stand: every visible place outside itself; its own place only once. */
export function visibleSlots(plan: Plan, route: string, toggled: Toggled, marked: readonly string[], moving: string): Slot[] {
  const found: Slot[] = [];
  const items = routeAt(plan, route);
  items.forEach((item, index) => {
    const path = `${route}[${index}]`;
    const isNext = moving && placeOf(moving).route === route && placeOf(moving).index === index - 1;
    if (!isNext) found.push({ route, index });
    if (path !== moving) for (const branch of shownBranches(item, path)) if (isOpen(branch, toggled, marked)) found.push(...visibleSlots(plan, branch.path, toggled, marked, moving));
  });
  const last = moving && placeOf(moving).route === route && placeOf(moving).index === items.length - 1;
  if (!last) found.push({ route, index: items.length });
  return found;
}

/** Why an app may not stand in a route; "" where it may. */
export function refusal(app: string, route: string, moving: string): "" | "editor.refuse_webhook" | "editor.refuse_itself" {
  if (moving && within(route, moving)) return "editor.refuse_itself";
  if (app === "webhook" && route.startsWith("users[")) return "editor.refuse_webhook";
  return "";
}
