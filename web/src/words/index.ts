/** Dutch and English, switched at once. */

import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import type { Language } from "../plan/types";
import { WORDS } from "./words";

export type Word = keyof typeof WORDS;

function resources(index: 0 | 1): Record<string, string> {
  return Object.fromEntries(Object.entries(WORDS).map(([key, words]) => [key, words[index]]));
}

const KEPT = "belplan.language";

export function begin(): void {
  const kept = localStorage.getItem(KEPT);
  const language = kept === "nl" || kept === "en" ? kept : navigator.language.startsWith("nl") ? "nl" : "en";
  void i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: "en",
    resources: { nl: { translation: resources(0) }, en: { translation: resources(1) } },
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false }, // React escapes
    showSupportNotice: false,
  } as Parameters<typeof i18next.init>[0]);
  document.documentElement.lang = language;
}

export function speak(language: Language): void {
  localStorage.setItem(KEPT, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

export interface Words {
  t: (key: Word, values?: Record<string, string | number>) => string;
  language: Language;
}

export function useWords(): Words {
  const { t, i18n } = useTranslation();
  return { t: t as unknown as Words["t"], language: i18n.language === "en" ? "en" : "nl" };
}

/** Outside components. */
export const say = (key: Word, values?: Record<string, string | number>): string => i18next.t(key, values) as string;

export const locale = (language: Language): string => (language === "nl" ? "nl-NL" : "en-GB");

export function clock(at: string | number | Date, language: Language, seconds = false): string {
  return new Date(at).toLocaleTimeString(locale(language), { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) });
}

export function day(at: string | number | Date, language: Language): string {
  return new Date(at).toLocaleDateString(locale(language), { weekday: "short", day: "numeric", month: "long", year: "numeric" });
}

/** `41 ms`, `2,00 s`. */
export function lasted(ms: number | null | undefined, language: Language): string {
  if (ms === null || ms === undefined) return "";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toLocaleString(locale(language), { minimumFractionDigits: 2, maximumFractionDigits: 2 })} s`;
}

/** `0:36`, `1:02:05`. */
export function minutes(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h ? `${h}:${String(m).padStart(2, "0")}:${String(s).padStart(2, "0")}` : `${m}:${String(s).padStart(2, "0")}`;
}

/** Why a server gave no answer, in words; what the page does not know, as it is. */
export function reasonWords(reason: string, t: Words["t"]): string {
  const key = `reason.${reason}`;
  return key in WORDS ? t(key as Word) : reason;
}
