/** Undo and redo over whole plans. A plan shares what did not change with the one before, so keeping many is cheap. */

import type { Plan } from "./types";

const MOST = 200;

export interface Moment { plan: Plan; chosen: string }
export interface History { past: Moment[]; now: Moment; future: Moment[]; mark: string; at: number }

export function begin(plan: Plan): History {
  return { past: [], now: { plan, chosen: "" }, future: [], mark: "", at: 0 };
}

/**
 * A new moment. Typing in one field is one step to undo: a change with the same `mark` as the last one,
 * within two seconds, takes its place.
 */
export function record(history: History, plan: Plan, chosen: string, mark = "", at = Date.now()): History {
  if (plan === history.now.plan) return { ...history, now: { plan, chosen } };
  const joins = mark !== "" && mark === history.mark && at - history.at < 2000;
  const past = joins ? history.past : [...history.past, history.now].slice(-MOST);
  return { past, now: { plan, chosen }, future: [], mark, at };
}

export function undo(history: History): History {
  const before = history.past.at(-1);
  if (!before) return history;
  return { past: history.past.slice(0, -1), now: before, future: [history.now, ...history.future], mark: "", at: 0 };
}

export function redo(history: History): History {
  const [next, ...rest] = history.future;
  if (!next) return history;
  return { past: [...history.past, history.now], now: next, future: rest, mark: "", at: 0 };
}
