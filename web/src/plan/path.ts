/** Paths into a plan, written as checks, traces and the API write them: `dial_plans[0].route[2].condition.then[0]`. */

export type Key = string | number;

const PART = /([^.[\]]+)|\[(\d+)\]/g;

export function keysOf(path: string): Key[] {
  const keys: Key[] = [];
  for (const [, name, index] of path.matchAll(PART)) keys.push(index === undefined ? name! : Number(index));
  return keys;
}

export function pathOf(keys: readonly Key[]): string {
  let path = "";
  for (const key of keys) path += typeof key === "number" ? `[${key}]` : path ? `.${key}` : key;
  return path;
}

/** What stands at a path, or undefined. */
export function at(value: unknown, keys: readonly Key[]): unknown {
  let found = value;
  for (const key of keys) {
    if (found === null || typeof found !== "object") return undefined;
    found = (found as Record<Key, unknown>)[key];
  }
  return found;
}

/** A copy with another value at a path; what is not on the way is shared. `undefined` removes. */
export function put<T>(value: T, keys: readonly Key[], replacement: unknown): T {
  if (keys.length === 0) return replacement as T;
  const [key, ...rest] = keys as [Key, ...Key[]];
  if (Array.isArray(value)) {
    const copy = value.slice();
    copy[key as number] = put(copy[key as number], rest, replacement);
    return copy as T;
  }
  const copy = { ...(value as Record<Key, unknown>) };
  const next = put(copy[key] ?? (typeof rest[0] === "number" ? [] : {}), rest, replacement);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy as T;
}

/** Whether a path is a place or lies within it. */
export function within(path: string, place: string): boolean {
  return path.startsWith(place) && (path.length === place.length || ".[".includes(path[place.length]!));
}
