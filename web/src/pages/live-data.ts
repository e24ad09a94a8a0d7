/** What happens now: asked at once, kept up to date by events, and honest about standing still. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { get, Refused } from "../api/client";
import type { TraceStep } from "../api/types";

export interface LiveCall {
  uuid: string; caller_number?: string; caller_name?: string; phonebook_caller_name?: string; callee_number?: string; dial_plan?: string | null; started_at?: string; version?: number;
  trace?: TraceStep[]; path?: string; app?: string; variables?: Record<string, string>; connected_to?: string | null; answered_by?: string | null; answered_at?: string | null;
}
export interface LiveQueue { number: string; name?: string; waiting: { uuid?: string; caller_number?: string; since?: string }[]; agents: { user: string; logged_in?: boolean; state?: string; since?: string }[] }
export interface LivePhone { user?: string; number?: string; username: string; registered: boolean; state?: string }
export interface WebhookHealth {
  path?: string; origin?: string; name?: string; method?: string; url?: string; p50?: number; p95?: number; p99?: number; requests?: number; errors?: Record<string, number>; error_rate?: number;
  breaker?: { state: string; until?: string } | string; series?: { at: string; p50?: number | null; p95?: number | null; errors?: number; requests?: number }[];
}
export interface Live { calls: LiveCall[]; queues: LiveQueue[]; phones: LivePhone[]; webhooks: WebhookHealth[] }

const NOTHING: Live = { calls: [], queues: [], phones: [], webhooks: [] };

export function useLive(company: string): { data: Live | undefined; stale: number; presence: (number: string) => "free" | "ringing" | "busy" | "off" } {
  const queries = useQueryClient();
  const key = ["live", company];
  const [stale, setStale] = useState(0);
  const found = useQuery({
    queryKey: key,
    queryFn: async () => {
      try { return { ...NOTHING, ...(await get<Partial<Live>>(`/companies/${company}/live`)) }; }
      catch (error) { if (error instanceof Refused && error.status === 404) return NOTHING; throw error; }
    },
    refetchInterval: 4000,
    retry: false,
  });
  useEffect(() => {
    const events = new EventSource(`/api/v1/companies/${company}/events`);
    let waiting: ReturnType<typeof setTimeout> | undefined;
    // Events come in bursts: what they change is asked for once, a moment later.
    const soon = (): void => { waiting ??= setTimeout(() => { waiting = undefined; void queries.invalidateQueries({ queryKey: ["live", company] }); }, 150); };
    for (const name of ["message", "arrived", "step", "left", "heard", "dialled", "answered", "ended", "queue", "registration"]) events.addEventListener(name, soon);
    return () => { clearTimeout(waiting); events.close(); };
  }, [company, queries]);
  useEffect(() => {
    if (found.isError) setStale((since) => since || found.dataUpdatedAt || Date.now());
    else if (found.isSuccess) setStale(0);
  }, [found.isError, found.isSuccess, found.dataUpdatedAt]);
  const presence = (number: string): "free" | "ringing" | "busy" | "off" => {
    const phones = found.data?.phones.filter((phone) => (phone.number ?? phone.user) === number) ?? [];
    if (!phones.some((phone) => phone.registered)) return "off";
    if (phones.some((phone) => phone.state === "busy" || phone.state === "talking" || phone.state === "in_use")) return "busy";
    if (phones.some((phone) => phone.state === "ringing")) return "ringing";
    return found.data?.calls.some((call) => call.answered_by === number) ? "busy" : "free";
  };
  return { data: found.data, stale, presence };
}

/** The time, every second, for what counts up on the wall. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => { const timer = setInterval(() => setNow(Date.now()), 1000); return () => clearInterval(timer); }, []);
  return now;
}
