/** Reading a route: which app an item holds, which routes hang on it, and how they are numbered. */

import { at, keysOf } from "./path";
import type { AppFacts, Item, Plan, Route, Settings } from "./types";

/** Settings that hold a route, by app, with the exit that leads there. The exits' order is how they are drawn. */
export const BRANCHES: Record<string, [setting: string, exit: string][]> = {
  condition: [["then", "true"], ["else", "false"]],
  time: [["then", "true"], ["else", "false"]],
  diversion: [["then", "true"], ["else", "false"]],
  connect: [["on_busy", "busy"], ["on_no_answer", "no_answer"], ["on_failed", "failed"]],
  webhook: [["on_ok", "ok"], ["on_error", "error"], ["on_timeout", "timeout"]],
  same_colleague: [["on_nobody", "nobody"]],
  switch: [["otherwise", "otherwise"]],
  collect: [["on_no_input", "no_input"], ["on_invalid", "invalid"]],
};

/** Learn the apps of this server: those that this page knows nothing of are drawn as well. */
export function learn(apps: readonly AppFacts[]): void {
  for (const { name, routes } of apps) {
    const known = BRANCHES[name] ?? [];
    const more = Object.entries(routes ?? {}).filter(([, setting]) => !known.some(([own]) => own === setting));
    if (known.length || more.length) BRANCHES[name] = [...known, ...more.map(([exit, setting]): [string, string] => [setting, exit])];
  }
}

/** Apps after which a call never goes on below. */
const FINAL = new Set(["hangup", "goto"]);
/** Apps that end the call when they succeed, and let it go on below when not. */
const MAY_END = new Set(["connect", "queue", "voicemail", "same_colleague"]);

export interface Branch {
  /** Path of the route, `dial_plans[0].route[2].condition.then`. */
  path: string;
  setting: string;
  /** The exit that leads here; of a switch the value of the case. */
  exit: string;
  route: Route;
}

export function appOf(item: Item): string {
  for (const name of Object.keys(item)) if (name !== "note") return name;
  return "";
}

export function settingsOf(item: Item): Settings {
  const settings = item[appOf(item)];
  return settings && typeof settings === "object" ? (settings as Settings) : {};
}

export function noteOf(item: Item): string {
  return typeof item.note === "string" ? item.note : "";
}

/** Every route that may hang on an item, those that are not there yet as well. */
export function branchesOf(item: Item, path: string): Branch[] {
  const app = appOf(item);
  const settings = settingsOf(item);
  const found: Branch[] = [];
  const cases = app === "switch" ? settings.cases : undefined;
  if (cases && typeof cases === "object")
    for (const [value, route] of Object.entries(cases))
      found.push({ path: `${path}.switch.cases.${value}`, setting: `cases.${value}`, exit: value, route: asRoute(route) });
  for (const [setting, exit] of BRANCHES[app] ?? [])
    found.push({ path: `${path}.${app}.${setting}`, setting, exit, route: asRoute(settings[setting]) });
  return found;
}

/** Those that hold something, and the "yes" of a question, which always shows. */
export function shownBranches(item: Item, path: string): Branch[] {
  const app = appOf(item);
  return branchesOf(item, path).filter(
    ({ route, setting }) => route.length > 0 || setting.startsWith("cases.") || (setting === "then" && app in BRANCHES),
  );
}

export function asRoute(value: unknown): Route {
  return Array.isArray(value) ? (value as Route) : [];
}

/** The route at a path; one that is not there yet is empty. A key of a menu may hold it as `route` or be it. */
export function routeAt(plan: Plan, path: string): Route {
  const found = at(plan, keysOf(path));
  if (Array.isArray(found)) return found as Route;
  return found && typeof found === "object" ? asRoute((found as { route?: unknown }).route) : [];
}

export function itemAt(plan: Plan, path: string): Item | undefined {
  const found = at(plan, keysOf(path));
  return found && typeof found === "object" && !Array.isArray(found) ? (found as Item) : undefined;
}

/** `dial_plans[0].route[2]` is item 2 of the route `dial_plans[0].route`. */
export function placeOf(path: string): { route: string; index: number } {
  const found = /^(.*)\[(\d+)\]$/.exec(path);
  if (!found) throw new RangeError(`not the path of an item: ${path}`);
  return { route: found[1]!, index: Number(found[2]) };
}

/** The path of the innermost item that a path (of a problem, of a trace) lies in; "" where there is none. */
export function itemPathOf(plan: Plan, path: string): string {
  let found = "";
  for (const match of path.matchAll(/\[\d+\]/g)) {
    const candidate = path.slice(0, match.index + match[0].length);
    const place = placeOf(candidate);
    if (isRoutePath(place.route) && itemAt(plan, candidate)) found = candidate;
  }
  return found;
}

const ROUTE_PATH = /(^|\.)(route|start|invalid|no_input|then|else|otherwise|on_[a-z_]+)$|\.(keys|cases)\.[^.[\]]+$/;

export function isRoutePath(path: string): boolean {
  return ROUTE_PATH.test(path);
}

/** Numbers as the page shows them: 3, 3.1, and below a second branch of 3 it goes on counting: 3.2. */
export function numbersOf(route: Route, path: string, before = ""): Map<string, string> {
  const numbers = new Map<string, string>();
  route.forEach((item, index) => {
    const own = `${path}[${index}]`;
    const number = before ? `${before}.${index + 1}` : `${index + 1}`;
    numbers.set(own, number);
    let offset = 0;
    for (const branch of branchesOf(item, own)) {
      for (const [nested, text] of numbersOf(branch.route, branch.path, number))
        numbers.set(nested, offset ? shifted(text, number, offset) : text);
      offset += branch.route.length;
    }
  });
  return numbers;
}

function shifted(text: string, before: string, offset: number): string {
  const [first, ...rest] = text.slice(before.length + 1).split(".");
  return [before, String(Number(first) + offset), ...rest].join(".");
}

/** Walk a route and all that hangs on it, from top to bottom. */
export function* everyItem(route: Route, path: string): Generator<{ item: Item; path: string; depth: number }> {
  yield* walk(route, path, 0);
}

function* walk(route: Route, path: string, depth: number): Generator<{ item: Item; path: string; depth: number }> {
  for (const [index, item] of route.entries()) {
    const own = `${path}[${index}]`;
    yield { item, path: own, depth };
    for (const branch of branchesOf(item, own)) yield* walk(branch.route, branch.path, depth + 1);
  }
}

/** Whether a call can come out below a route. A route that always ends the call has no way back to the rail. */
export function comesBack(route: Route): boolean {
  return !route.some(alwaysEnds);
}

function alwaysEnds(item: Item): boolean {
  const app = appOf(item);
  if (FINAL.has(app)) return true;
  const [yes, no] = [settingsOf(item).then, settingsOf(item).else].map(asRoute);
  return app in BRANCHES && !!yes?.length && !!no?.length && !comesBack(yes) && !comesBack(no);
}

/** Whether the last thing a route does is try to reach somebody: it comes back when that fails. */
export function endsByReaching(route: Route): boolean {
  const last = route.at(-1);
  return !!last && MAY_END.has(appOf(last));
}
