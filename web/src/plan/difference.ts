/** What changed between two plans, item by item, as sentences for people. */

import { keysOf, pathOf } from "./path";
import { appOf, itemAt, itemPathOf, numbersOf, routeAt, settingsOf } from "./route";
import { plain, sentence } from "./sentence";
import type { Item, Language, Plan } from "./types";

export interface Told { app: string; kind: "added" | "removed" | "changed" | "moved"; place: string; title: string; setting?: string; before?: string; after?: string }

interface Raw { path: string; kind: "added" | "removed" | "changed" | "moved"; before?: unknown; after?: unknown }

const SECTIONS: Record<string, Record<Language, string>> = {
  company: { nl: "Bedrijf", en: "Company" }, users: { nl: "Mensen", en: "People" }, ring_groups: { nl: "Belgroepen", en: "Ring groups" }, queues: { nl: "Wachtrijen", en: "Queues" },
  voicemail_boxes: { nl: "Voicemail", en: "Voicemail" }, time_conditions: { nl: "Tijden", en: "Times" }, diversions: { nl: "Omleidingen", en: "Diversions" },
  trunks: { nl: "Lijnen", en: "Trunks" }, ivr_menus: { nl: "Menu", en: "Menu" }, dial_plans: { nl: "Belplan", en: "Dial plan" }, phone_book: { nl: "Telefoonboek", en: "Phone book" },
};

/** One difference of the server in words; `now` and `then` are the plans after and before. */
export function told(raw: Raw, now: Plan, then: Plan | undefined, language: Language): Told {
  const plan = raw.kind === "removed" ? (then ?? now) : now;
  const path = itemPathOf(plan, raw.path);
  const item = path ? itemAt(plan, path) : undefined;
  const top = topOf(raw.path);
  if (item) {
    const number = stepNumber(plan, path);
    const step = `${language === "nl" ? "Stap" : "Step"} ${number}`;
    const inItem = raw.path.length > path.length + appOf(item).length + 1 && raw.path !== path;
    const setting = inItem ? raw.path.slice(path.length + appOf(item).length + 2) : "";
    return {
      app: appOf(item), kind: raw.kind, place: `${entryName(plan, top, language)} · ${step}`, title: plain(sentence(item, plan, language).title),
      ...(setting ? { setting: settingWords(setting, language), before: words(raw.before), after: words(raw.after) } : {}),
    };
  }
  const asItem = raw.kind === "removed" ? raw.before : raw.after;
  if (asItem && typeof asItem === "object" && isItem(asItem as Item)) return { app: appOf(asItem as Item), kind: raw.kind, place: entryName(plan, top, language), title: plain(sentence(asItem as Item, plan, language).title) };
  const keys = keysOf(raw.path);
  const entry = keys.length <= 2;
  const named = (raw.after ?? raw.before) as { name?: string } | undefined;
  return {
    app: sectionApp(String(keys[0])), kind: raw.kind, place: SECTIONS[String(keys[0])]?.[language] ?? String(keys[0]),
    title: entry && named?.name ? named.name : entryName(plan, top, language),
    ...(entry && raw.kind !== "changed" ? {} : { setting: settingWords(pathOf(keys.slice(2)) || pathOf(keys.slice(1)), language), before: words(raw.before), after: words(raw.after) }),
  };
}

const SETTINGS: Record<string, [string, string]> = {
  timeout: ["wacht hoogstens (s)", "wait at most (s)"], url: ["URL", "URL"], method: ["methode", "method"], save_as: ["bewaar als", "save as"], to: ["naar", "to"],
  when: ["tijden", "times"], name: ["naam", "name"], number: ["nummer", "number"], box: ["voicemail", "voicemail box"], text: ["tekst", "text"], say: ["tekst", "text"],
  file: ["bestand", "file"], variable: ["gegeven", "field"], equals: ["gelijk aan", "equal to"], within: ["hoogstens geleden", "at most ago"], cause: ["wat de beller hoort", "what the caller hears"],
  invert: ["omgedraaid", "turned round"], note: ["notitie", "note"], email: ["e-mail", "email"], members: ["leden", "members"], language: ["taal", "language"],
  external_numbers: ["externe nummers", "external numbers"], internal_number: ["intern nummer", "internal number"], last_resort: ["vangnet", "safety net"],
};

const settingWords = (setting: string, language: Language): string => SETTINGS[setting]?.[language === "nl" ? 0 : 1] ?? setting;

function isItem(value: Item): boolean {
  const app = appOf(value);
  return Object.keys(value).length <= 2 && typeof value[app] === "object" && value[app] !== null && Object.keys(settingsOf(value)).length >= 0 && !("name" in value);
}

const topOf = (path: string): string => /^[a-z_]+(\[\d+\])?/.exec(path)?.[0] ?? path;

function entryName(plan: Plan, top: string, language: Language): string {
  const [section, index] = keysOf(top);
  const entry = (plan as unknown as Record<string, { name?: string }[]>)[String(section)]?.[Number(index)];
  return entry?.name ?? SECTIONS[String(section)]?.[language] ?? String(section);
}

const sectionApp = (section: string): string => ({ users: "connect", ring_groups: "ring_group", queues: "queue", voicemail_boxes: "voicemail", time_conditions: "time", diversions: "diversion", ivr_menus: "menu" })[section] ?? "goto";

export function stepNumber(plan: Plan, path: string): string {
  const top = /^(dial_plans\[\d+\]\.route|users\[\d+\]\.route|ivr_menus\[\d+\]\.contexts\.[^.[\]]+\.(?:keys\.[^.[\]]+(?:\.route)?|start|invalid|no_input))/.exec(path)?.[1] ?? "";
  return top ? (numbersOf(routeAt(plan, top), top).get(path) ?? "") : "";
}

function words(value: unknown): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "object") return JSON.stringify(value).slice(0, 120);
  return String(value);
}
