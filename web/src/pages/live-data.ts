/** What happens now: asked at once, kept up to date by events, and honest about standing still. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useAccess } from "../access";
import { get, Refused } from "../api/client";
import { useDraft } from "../editor/draft";
import type { TraceStep } from "../api/types";

export interface LiveCall {
  uuid: string; since: string; caller_number: string; callee_number: string; dial_plan: string; path: string; app: string; heard: string; ringing: string[]; answered_by: string | null;
}
export interface LiveQueue { number: string; name: string; waiting: { call?: string; caller_number?: string; since?: string }[]; agents: { number: string; name: string; level: number; standing: string; engaged: boolean }[] }
export interface LivePhone { account: string; registered: boolean }
export interface Origin { origin: string; breaker: string; open_for: number | null; counts: Record<string, number>; p50: number | null; p95: number | null; p99: number | null }
export interface WebhookHealth { path: string; asked: number; results: Record<string, number>; p50: number | null; p95: number | null; p99: number | null; minutes: { at: string; results: Record<string, number>; p50: number | null; p95: number | null }[] }
export interface Live { calls: LiveCall[]; queues: LiveQueue[]; phones: LivePhone[]; webhooks: Origin[] }
export interface Account { user: string; number: string; username: string; account: string; password_set: boolean }
export type Presence = "free" | "ringing" | "busy" | "off";

const NOTHING: Live = { calls: [], queues: [], phones: [], webhooks: [] };
const EVENTS = ["arrived", "step", "left", "heard", "dialled", "answered", "ended", "queue", "registration", "diversion", "time"];

/** Steps of calls in progress, as events told them: the page may have been opened after a call began. */
const walked = new Map<string, TraceStep[]>();

interface Told { what: string; call: string; at: number; path?: string; app?: string; exit?: string }

function follow(told: Told): void {
  const steps = walked.get(told.call) ?? [];
  if (told.what === "ended") { walked.delete(told.call); return; }
  if (told.what === "step") steps.push({ path: told.path ?? "", app: told.app ?? "", exit: null, started_ms: told.at, duration_ms: null });
  const last = steps.findLast((step) => step.path === told.path && step.exit === null);
  if (told.what === "left" && last) last.exit = told.exit ?? "";
  walked.set(told.call, steps);
}

export const stepsOf = (call: LiveCall): TraceStep[] => walked.get(call.uuid) ?? [];

export function useAccounts(company: string): Account[] {
  const { may } = useAccess();
  const { state } = useDraft();
  // Who may not read the plan has the accounts with the names in it.
  const named = useMemo(() => (may("read") ? [] : (state?.history.now.plan.users ?? []).flatMap((user) => (user.phones ?? []).map(({ username }) => ({ user: user.name, number: user.number, username, account: username, password_set: true })))), [may, state]);
  const found = useQuery({
    enabled: may("read"), queryKey: ["accounts", company], queryFn: async () => (await get<{ sip: string; items: Account[] }>(`/companies/${company}/phones`)).items, retry: false, staleTime: 30_000 });
  return may("read") ? (found.data ?? []) : named;
}

export function useLive(company: string): { data: Live | undefined; stale: number; presence: (number: string) => Presence } {
  const queries = useQueryClient();
  const accounts = useAccounts(company);
  const [stale, setStale] = useState(0);
  const found = useQuery({
    queryKey: ["live", company],
    queryFn: async () => {
      try { return { ...NOTHING, ...(await get<Partial<Live>>(`/companies/${company}/live`)) }; }
      catch (error) { if (error instanceof Refused) return NOTHING; throw error; }
    },
    refetchInterval: 4000,
    retry: false,
  });
  useEffect(() => {
    const events = new EventSource(`/api/v1/companies/${company}/events`);
    let waiting: ReturnType<typeof setTimeout> | undefined;
    // Events come in bursts: what they change is asked for once, a moment later.
    const soon = (event: MessageEvent<string>): void => {
      try { follow(JSON.parse(event.data) as Told); } catch { /* a comment that keeps the connection open */ }
      // The record of a call is written a moment after its end is told.
      if (event.type === "ended") for (const later of [300, 1500]) setTimeout(() => { for (const key of ["calls-today", "own-calls"]) void queries.invalidateQueries({ queryKey: [key, company] }); }, later);
      waiting ??= setTimeout(() => {
        waiting = undefined;
        void queries.invalidateQueries({ queryKey: [event.type === "diversion" || event.type === "time" ? "state" : "live", company] });
      }, 150);
    };
    for (const name of EVENTS) events.addEventListener(name, soon);
    return () => { clearTimeout(waiting); events.close(); };
  }, [company, queries]);
  useEffect(() => {
    if (found.isError) setStale((since) => since || found.dataUpdatedAt || Date.now());
    else if (found.isSuccess) setStale(0);
  }, [found.isError, found.isSuccess, found.dataUpdatedAt]);
  const presence = (number: string): Presence => {
    const own = new Set(accounts.filter((one) => one.number === number || one.user === number).map((one) => one.account));
    if (found.data?.calls.some((call) => call.answered_by === number)) return "busy";
    if (found.data?.calls.some((call) => call.ringing.includes(number))) return "ringing";
    return found.data?.phones.some((phone) => phone.registered && own.has(phone.account)) ? "free" : "off";
  };
  return { data: found.data, stale, presence };
}

/** The time, every second, for what counts up on the wall. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => { const timer = setInterval(() => setNow(Date.now()), 1000); return () => clearInterval(timer); }, []);
  return now;
}
