/** Which variables a form offers before the server has answered: what stands above, by the same lexical rule. */

import { at, keysOf } from "./path";
import { appOf, branchesOf, routeAt, settingsOf } from "./route";
import type { Item, Plan } from "./types";

export const CALL_DATA = [
  "caller_number", "callee_number", "phonebook_caller_name", "dp_in_number", "dp_ex_number", "com_id", "dp_id",
  "uuid", "event_time", "call_start_time", "rta_call_id", "sip_call_id",
] as const;

export function setBy(item: Item): string[] {
  const settings = settingsOf(item);
  if (appOf(item) === "set") return typeof settings.name === "string" ? [settings.name] : [];
  if (appOf(item) !== "webhook" && appOf(item) !== "collect") return [];
  const own = typeof settings.save_as === "string" && settings.save_as ? [settings.save_as] : [];
  return [...own, ...Object.keys((settings.extract as object | undefined) ?? {})];
}

/** Every variable set in the dial plan or menu that a path lies in. */
export function setAnywhere(plan: Plan, path: string): Map<string, string> {
  const top = keysOf(path).slice(0, 2);
  const found = new Map<string, string>();
  const visit = (value: unknown, own: string): void => {
    if (Array.isArray(value)) value.forEach((part, index) => visit(part, `${own}[${index}]`));
    else if (value && typeof value === "object") {
      for (const name of setBy(value as Item)) if (!found.has(name)) found.set(name, own);
      for (const [key, part] of Object.entries(value)) visit(part, `${own}.${key}`);
    }
  };
  visit(at(plan, top), `${top[0]}[${top[1]}]`);
  return found;
}

/** The variables that stand above an item for certain. */
export function visible(plan: Plan, path: string): string[] {
  const found = new Set<string>();
  const keys = keysOf(path);
  for (let length = 3; length <= keys.length; length += 1) {
    const key = keys[length - 1];
    if (typeof key !== "number") continue;
    const route = keys.slice(0, length - 1);
    const items = at(plan, route);
    if (!Array.isArray(items)) continue;
    for (const item of (items as Item[]).slice(0, key)) for (const name of everythingSetBy(item)) found.add(name);
    if (length < keys.length && items[key]) for (const name of setBy(items[key] as Item)) found.add(name);
  }
  const context = /^(ivr_menus\[\d+\]\.contexts\.[^.[\]]+)\.(keys|invalid|no_input)/.exec(path);
  if (context)
    for (const item of routeAt(plan, `${context[1]}.start`)) for (const name of everythingSetBy(item)) found.add(name);
  return [...found];
}

function everythingSetBy(item: Item): string[] {
  return [...setBy(item), ...branchesOf(item, "").flatMap((branch) => branch.route.flatMap(everythingSetBy))];
}

/** `{name}` in a text. */
export function placeholders(text: string): string[] {
  return [...text.matchAll(/\{([A-Za-z_][\w.]*)\}/g)].map((match) => match[1]!);
}

/** The numbers of the steps that read a variable. */
export function readBy(item: Item): string[] {
  const read: string[] = [];
  const visit = (value: unknown, key: string): void => {
    if (key === "then" || key === "else" || key === "otherwise" || key === "cases" || key.startsWith("on_")) return;
    if (typeof value === "string") {
      if (key === "variable") read.push(value);
      read.push(...placeholders(value));
    } else if (Array.isArray(value)) value.forEach((part) => visit(part, ""));
    else if (value && typeof value === "object") for (const [name, part] of Object.entries(value)) visit(part, name);
  };
  visit(settingsOf(item), "");
  if (appOf(item) === "condition" && !("all" in settingsOf(item)) && !("any" in settingsOf(item)) && !("variable" in settingsOf(item)))
    read.push("caller_number");
  return read.map((name) => name.replace(/\.(status|reason|ms)$/, ""));
}
