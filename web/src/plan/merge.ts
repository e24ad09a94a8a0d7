/** Two people change one draft. What only one of them touched is taken from them; what both touched is asked. */

export interface Conflict { path: string; mine: unknown; theirs: unknown }

const same = (one: unknown, other: unknown): boolean => one === other || JSON.stringify(one) === JSON.stringify(other);

/**
 * Merge what I made of `base` with what they made of it. In `merged` a conflict has my value; `conflicts` says where
 * and what theirs is. Lists of one length are merged entry by entry; of two lengths, a list is one thing, unless only
 * one side changed it.
 */
export function merge<T>(base: T, mine: T, theirs: T, path = ""): { merged: T; conflicts: Conflict[] } {
  if (same(mine, theirs) || same(base, theirs)) return { merged: mine, conflicts: [] };
  if (same(base, mine)) return { merged: theirs, conflicts: [] };
  const lists = [base, mine, theirs].every(Array.isArray);
  const even = lists && new Set([base, mine, theirs].map((list) => (list as unknown[]).length)).size === 1;
  const maps = [base, mine, theirs].every((value) => value !== null && typeof value === "object" && !Array.isArray(value));
  if (!even && !maps) return { merged: mine, conflicts: [{ path, mine, theirs }] };
  const [b, m, t] = [base, mine, theirs] as Record<string, unknown>[] as [Record<string, unknown>, Record<string, unknown>, Record<string, unknown>];
  const merged: Record<string, unknown> = {};
  const conflicts: Conflict[] = [];
  for (const key of new Set([...Object.keys(m), ...Object.keys(t)])) {
    const inner = lists ? `${path}[${key}]` : path ? `${path}.${key}` : key;
    const result = merge(b[key], m[key], t[key], inner);
    if (result.merged !== undefined) merged[key] = result.merged;
    conflicts.push(...result.conflicts);
  }
  return { merged: (lists ? Object.values(merged) : merged) as T, conflicts };
}
