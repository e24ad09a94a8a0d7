/** The plan file, as the API gives it. Only what the page reads is named; everything else is kept as it is. */

export type Settings = Record<string, unknown>;
/** One item of a route: exactly one app, and perhaps a note. */
export type Item = Record<string, unknown>;
export type Route = Item[];

export interface Numbered { name: string; number: string }
export interface Phone { username: string; password: string }
export interface User extends Numbered { email?: string; phones?: Phone[]; route?: Route }
export interface RingGroup extends Numbered { members: string[]; strategy?: string; timeout?: number }
export interface Agent { user: string; level?: number }
export interface Queue extends Numbered {
  agents?: Agent[]; strategy?: string; max_waiting?: number; max_wait?: number; wrap_up?: number;
}
export interface VoicemailBox extends Numbered { email?: string[]; max_length?: number; keep_days?: number; users?: string[] }
export interface Span { from?: string; to?: string }
export interface TimeCondition {
  name: string;
  weekdays?: (Span & { days: string[] })[];
  holidays?: string;
  dates?: (Span & { on: string })[];
  periods?: { from: string; to: string }[];
}
export interface Diversion { name: string; code: string; group?: string }
export interface Trunk { name: string; host: string; numbers?: string[]; channels?: number; [key: string]: unknown }
export interface Context {
  timeout?: number;
  start?: Route;
  keys?: Record<string, Route | { label?: string; route?: Route }>;
  invalid?: Route;
  no_input?: Route;
}
export interface Menu { name: string; start: string; contexts: Record<string, Context> }
export interface DialPlan {
  name: string; id?: string; internal_number?: string; external_numbers?: string[]; route?: Route;
}
export interface CompanySettings {
  name: string; id?: string; country?: string; timezone?: string; language?: string; last_resort?: string;
  [key: string]: unknown;
}

export interface Plan {
  company: CompanySettings;
  trunks?: Trunk[];
  users?: User[];
  ring_groups?: RingGroup[];
  queues?: Queue[];
  voicemail_boxes?: VoicemailBox[];
  time_conditions?: TimeCondition[];
  diversions?: Diversion[];
  phone_book?: { number: string; name: string }[];
  ivr_menus?: Menu[];
  dial_plans?: DialPlan[];
}

export interface Problem {
  path: string; code: string; severity: "error" | "warning"; message: string; line?: number; column?: number;
}

export type Kind = "ask" | "decide" | "ring" | "play" | "move";
export type Language = "nl" | "en";

/** A setting's JSON Schema, as far as forms look at it. */
export interface Schema {
  type?: string; title?: string; description?: string; default?: unknown; enum?: unknown[]; const?: unknown;
  minimum?: number; maximum?: number; exclusiveMinimum?: number; maxLength?: number; pattern?: string;
  items?: Schema; prefixItems?: Schema[]; anyOf?: Schema[]; properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean; required?: string[]; $ref?: string; $defs?: Record<string, Schema>;
}

/** One app, as `GET /apps` describes it. */
export interface AppFacts {
  name: string;
  title: Record<Language, string>;
  help: { nl?: string; en: string };
  kind: Kind;
  exits: string[];
  routes: Record<string, string>;
  schema: Schema;
  example: Settings;
}
