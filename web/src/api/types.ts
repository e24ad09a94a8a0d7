import type { Plan, Problem } from "../plan/types";

export interface Person { id: string; name: string; email: string; role: string; language?: string; second_factor?: boolean }
export type Right = "member" | "live" | "read" | "records" | "operate" | "edit" | "listen" | "administer";
export interface CompanyName { id: string; name: string; role: string; rights: Right[]; extension: string | null }
export interface Session { user: Person; companies: CompanyName[]; csrf: string }

export interface DraftAnswer {
  plan: Plan; base: number; changes: number; problems: Problem[]; scope: Record<string, string[]>;
}
/** The names in the live version, for who may not read the plan. */
export interface Directory {
  name: string; country: string; version: number; users: { name: string; number: string; accounts: string[] }[]; queues: { name: string; number: string; agents: string[] }[];
  ring_groups: { name: string; number: string }[]; voicemail_boxes: { name: string; number: string }[]; own_diversions: string[];
}
export interface Version { number: number; author?: string; at: string; note?: string; live?: boolean; plan?: Plan }
export interface Difference { path: string; kind: "added" | "removed" | "changed" | "moved"; before?: unknown; after?: unknown }

export interface TraceStep {
  path: string; app: string; exit: string | null; started_ms: number; duration_ms: number | null; detail?: Record<string, unknown>;
}
export interface Walk {
  call: { uuid?: string; caller_number?: string; callee_number?: string; dial_plan?: string | null };
  outcome: string; cause?: number; connected_to?: string | null; answered_by?: string | null;
  variables: Record<string, string>; heard: string[]; trace: TraceStep[]; why?: { nl: string; en: string };
}

/** One call as the records have it. */
export interface CallRecord {
  uuid: string; arrived: string; lasted: number; version: number; caller_number: string; caller_name?: string; callee_number: string; callee_name?: string; dial_plan: string;
  recordings?: { number: number; seconds: number }[];
  outcome: string; cause: number; connected_to: string | null; answered_by: string | null; webhook: string;
  variables?: Record<string, string>; heard?: string[]; trace?: TraceStep[]; why?: { nl: string; en: string } | null;
}
