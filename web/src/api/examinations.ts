/** Examinations of the draft: replay, scenarios, proof, learned answers. Jobs at the server; the page waits for them. */

import { useQuery } from "@tanstack/react-query";
import { get, post } from "./client";

export interface Job<R> { id: string; what: string; state: "running" | "finished" | "failed"; done: number; of: number | null; result: R | null; error: string | null }

export interface Change { was: string; now: string; at: string; count: number; calls: string[] }
export interface Replayed { calls: number; same: number; differ: number; unknown: number; changes: Change[]; unanswered: Change[] }
export interface Ran { passed: number; failed: number; scenarios: { id: string; name: string; passed: boolean; differences: string[] }[] }
export interface Proof {
  finished: boolean; unfinished: string | null; places: number; reached: { number: string }[]; nobody: { path: string; exit: string }[]; silent: { path: string; exit: string }[];
  unreachable: string[]; rules: { name: string; verdict: string; why: string }[];
}
export interface LearnedValue { text: string; count: number; handled_by: string | null; hint: string | null; branch?: Record<string, unknown> }
export interface Learned { webhooks: { path: string; values: Record<string, LearnedValue[]> }[] }

const POLL = 500; // ms

/** What an examination of the draft as it was last saved (`of`) comes to. */
export function useExamination<R>(company: string, what: "replay" | "scenarios" | "proof" | "answers", of: unknown, options: Record<string, unknown> = {}, enabled = true) {
  const begun = useQuery({
    queryKey: ["examination", company, what, of], enabled, retry: false, staleTime: 60_000,
    queryFn: () => post<Job<R>>(`/companies/${company}/examinations`, { what, ...options }),
  });
  const id = begun.data?.state === "running" ? begun.data.id : "";
  const polled = useQuery({
    queryKey: ["examination", company, id], enabled: !!id, retry: false,
    queryFn: () => get<Job<R>>(`/companies/${company}/examinations/${id}`),
    refetchInterval: (query) => (query.state.data && query.state.data.state !== "running" ? false : POLL),
  });
  return { job: polled.data ?? begun.data, failed: begun.isError || polled.isError, error: begun.error ?? polled.error };
}
