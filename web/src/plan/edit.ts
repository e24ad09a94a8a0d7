/** Changing a plan. Every function gives a new plan and leaves the old one alone, which is what makes undo free. */

import { at, keysOf, put, within } from "./path";
import { asRoute, placeOf, routeAt } from "./route";
import type { Item, Plan, Route } from "./types";

export interface Change {
  plan: Plan;
  /** Path of the item that is chosen afterwards; "" for none. */
  chosen: string;
}

function withRoute(plan: Plan, path: string, route: Route): Plan {
  const keys = keysOf(path);
  const found = at(plan, keys);
  // The key of a menu may be written as {label, route}: then the route is one deeper than its path.
  if (found && typeof found === "object" && !Array.isArray(found)) return put(plan, [...keys, "route"], route);
  return put(plan, keys, route.length || keys.length <= 3 || !removable(keys) ? route : undefined);
}

/** An empty branch of an app is left out of the file; the route of a plan, a key or a case stays. */
function removable(keys: readonly (string | number)[]): boolean {
  const last = keys.at(-1);
  return typeof last === "string" && /^(then|else|otherwise|on_[a-z_]+)$/.test(last) && keys.at(-2) !== "keys" && keys.at(-2) !== "cases";
}

export function insert(plan: Plan, route: string, index: number, ...items: Item[]): Change {
  const found = routeAt(plan, route).slice();
  const place = Math.max(0, Math.min(index, found.length));
  found.splice(place, 0, ...items);
  return { plan: withRoute(plan, route, found), chosen: `${route}[${place}]` };
}

export function remove(plan: Plan, path: string): Change {
  const { route, index } = placeOf(path);
  const found = routeAt(plan, route).slice();
  found.splice(index, 1);
  const near = found.length ? `${route}[${Math.min(index, found.length - 1)}]` : ownerOf(route);
  return { plan: withRoute(plan, route, found), chosen: near };
}

/** The item that a nested route hangs on; "" at the top. */
export function ownerOf(route: string): string {
  const found = /^(.*\[\d+\])\.[a-z_]+\.(then|else|otherwise|on_[a-z_]+|cases\.[^.[\]]+)$/.exec(route);
  return found ? found[1]! : "";
}

/** Move an item, with all that hangs on it. Into itself it cannot go: then nothing changes. */
export function move(plan: Plan, path: string, route: string, index: number): Change {
  const from = placeOf(path);
  const item = routeAt(plan, from.route)[from.index];
  if (!item || within(route, path)) return { plan, chosen: path };
  if (from.route === route) {
    const found = routeAt(plan, route).slice();
    const place = index > from.index ? index - 1 : index;
    found.splice(from.index, 1);
    found.splice(Math.max(0, Math.min(place, found.length)), 0, item);
    return { plan: withRoute(plan, route, found), chosen: `${route}[${place}]` };
  }
  // What stands below in the same list moves up when the item goes: a target path through it changes.
  const target = afterRemoval(route, from.route, from.index);
  const without = remove(plan, path).plan;
  return insert(without, target, index, item);
}

/** Where a path points once item `index` of `list` is gone. */
export function afterRemoval(path: string, list: string, index: number): string {
  if (!path.startsWith(`${list}[`)) return path;
  const end = path.indexOf("]", list.length);
  const own = Number(path.slice(list.length + 1, end));
  return own > index ? `${list}[${own - 1}]${path.slice(end + 1)}` : path;
}

export function change(plan: Plan, path: string, setting: string, value: unknown): Plan {
  const keys = keysOf(path);
  const item = at(plan, keys) as Item;
  const app = Object.keys(item).find((key) => key !== "note")!;
  const settings = { ...(item[app] as object) } as Record<string, unknown>;
  if (value === undefined || value === "") delete settings[setting];
  else settings[setting] = value;
  return put(plan, keys, { ...item, [app]: settings });
}

export function annotate(plan: Plan, path: string, note: string): Plan {
  return put(plan, [...keysOf(path), "note"], note || undefined);
}

/** The places an item can go by keyboard, one step up or down, in and out of branches, in the order they are drawn. */
export function slots(plan: Plan, route: string, open: (branch: string) => boolean, branches: (item: Item, path: string) => { path: string }[]): { route: string; index: number }[] {
  const found: { route: string; index: number }[] = [];
  const items = routeAt(plan, route);
  items.forEach((item, index) => {
    found.push({ route, index });
    for (const branch of branches(item, `${route}[${index}]`))
      if (open(branch.path)) found.push(...slots(plan, branch.path, open, branches));
  });
  found.push({ route, index: items.length });
  return found;
}

/** What another plan or place gets: the item as it is, without what must be unique. */
export function copyOf(plan: Plan, path: string): Item {
  const { route, index } = placeOf(path);
  return structuredClone(routeAt(plan, route)[index]!);
}

/** A copied webhook may not set the same variable twice: `klant` becomes `klant_2`. */
export function renamed(item: Item, taken: ReadonlySet<string>): Item {
  const names = new Set(taken);
  const visit = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((part) => visit(part, ""));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, visit(part, name)]));
    if (key === "save_as" && typeof value === "string") {
      const free = freeName(value, names);
      names.add(free);
      return free;
    }
    return value;
  };
  return visit(item, "") as Item;
}

export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const stem = name.replace(/_\d+$/, "");
  let count = 2;
  while (taken.has(`${stem}_${count}`)) count += 1;
  return `${stem}_${count}`;
}

export { asRoute };
