/** What each card says, in Dutch and English. A plan must read as a list of sentences. */

import { shown, shownAbroad } from "./number";
import { appOf, asRoute, noteOf, settingsOf } from "./route";
import { setBy } from "./scope";
import type { Item, Language, Plan, Route, Settings } from "./types";

export interface Part { as: "text" | "variable" | "strong" | "code"; text: string }
export interface Sentence { title: Part[]; second: Part[]; yields: string }

const text = (words: string): Part => ({ as: "text", text: words });
const variable = (name: string): Part => ({ as: "variable", text: name });
const code = (words: string): Part => ({ as: "code", text: words });

const word = (value: unknown): string => (typeof value === "string" ? value : value === undefined || value === null ? "" : String(value));
const quoted = (value: unknown): string => `“${word(value)}”`;
const list = (values: unknown, last: string): string => {
  const words = (Array.isArray(values) ? values : [values]).map(quoted);
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}` : words.join("");
};

/** Call data as words; what a webhook set stays a name. */
const DATA: Record<string, Record<Language, string>> = {
  caller_number: { nl: "het nummer van de beller", en: "the caller’s number" },
  callee_number: { nl: "het gebelde nummer", en: "the number called" },
  phonebook_caller_name: { nl: "de naam in het telefoonboek", en: "the name in the phone book" },
  dp_in_number: { nl: "het interne nummer", en: "the internal number" },
  dp_ex_number: { nl: "het externe nummer", en: "the external number" },
};

export function spoken(name: string, language: Language): Part {
  const words = DATA[name]?.[language];
  return words ? text(words) : variable(name);
}

type Asked = (value: unknown, not: boolean) => [before: string, after: string];

const QUESTIONS: Record<string, Record<Language, Asked>> = {
  equals: {
    nl: (v, not) => [`Is`, `${not ? "niet " : ""}gelijk aan ${quoted(v)}`],
    en: (v, not) => [`Is`, `${not ? "not " : ""}equal to ${quoted(v)}`],
  },
  one_of: {
    nl: (v, not) => ["Is", `${not ? "geen" : "een"} van ${list(v, "of")}`],
    en: (v, not) => ["Is", `${not ? "none" : "one"} of ${list(v, "or")}`],
  },
  starts_with: {
    nl: (v, not) => ["Begint", `${not ? "niet " : ""}met ${quoted(v)}`],
    en: (v, not) => [not ? "Does it not hold that" : "Does", `start with ${quoted(v)}`],
  },
  ends_with: {
    nl: (v, not) => ["Eindigt", `${not ? "niet " : ""}op ${quoted(v)}`],
    en: (v, not) => [not ? "Does it not hold that" : "Does", `end with ${quoted(v)}`],
  },
  contains: {
    nl: (v, not) => ["Komt in", `${quoted(v)} ${not ? "niet " : ""}voor`],
    en: (v, not) => [not ? "Does it not hold that" : "Does", `contain ${quoted(v)}`],
  },
  matches: {
    nl: (v, not) => ["Past", `${not ? "niet " : ""}op het patroon ${word(v)}`],
    en: (v, not) => [not ? "Does it not hold that" : "Does", `match the pattern ${word(v)}`],
  },
  is_set: {
    nl: (v, not) => ["Is", (v === false) !== not ? "onbekend" : "bekend"],
    en: (v, not) => ["Is", (v === false) !== not ? "not set" : "set"],
  },
  less_than: { nl: (v, not) => ["Is", `${not ? "niet " : ""}kleiner dan ${word(v)}`], en: (v, not) => ["Is", `${not ? "not " : ""}less than ${word(v)}`] },
  at_most: { nl: (v, not) => ["Is", `${not ? "meer dan" : "hoogstens"} ${word(v)}`], en: (v, not) => ["Is", `${not ? "more than" : "at most"} ${word(v)}`] },
  more_than: { nl: (v, not) => ["Is", `${not ? "niet " : ""}groter dan ${word(v)}`], en: (v, not) => ["Is", `${not ? "not " : ""}more than ${word(v)}`] },
  at_least: { nl: (v, not) => ["Is", `${not ? "minder dan" : "minstens"} ${word(v)}`], en: (v, not) => ["Is", `${not ? "less than" : "at least"} ${word(v)}`] },
  between: {
    nl: (v, not) => ["Ligt", `${not ? "niet " : ""}tussen ${(v as unknown[] | undefined)?.map(word).join(" en ") ?? ""}`],
    en: (v, not) => ["Is", `${not ? "not " : ""}between ${(v as unknown[] | undefined)?.map(word).join(" and ") ?? ""}`],
  },
  anonymous: { nl: (v, not) => ["Is", (v === false) !== not ? "zichtbaar" : "verborgen"], en: (v, not) => ["Is", (v === false) !== not ? "shown" : "withheld"] },
  internal: { nl: (v, not) => ["Is", `${(v === false) !== not ? "niet " : ""}van een collega`], en: (v, not) => ["Is", `${(v === false) !== not ? "not " : ""}a colleague’s`] },
  country: {
    nl: (v, not) => ["Komt", `${not ? "niet " : ""}uit ${countries(v, "nl", "of")}`],
    en: (v, not) => ["Is", `${not ? "not " : ""}from ${countries(v, "en", "or")}`],
  },
  mobile: { nl: (v, not) => ["Is", `${(v === false) !== not ? "niet " : ""}mobiel`], en: (v, not) => ["Is", `${(v === false) !== not ? "not " : ""}a mobile one`] },
};

export const OPERATORS = Object.keys(QUESTIONS);

function countries(value: unknown, language: Language, last: string): string {
  const names = new Intl.DisplayNames([language], { type: "region" });
  const words = (Array.isArray(value) ? value : [value]).map((entry) => {
    try { return names.of(word(entry).toUpperCase()) ?? word(entry); } catch { return word(entry); }
  });
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}` : words.join("");
}

export function operatorOf(test: Settings): string {
  return OPERATORS.find((name) => test[name] !== undefined && test[name] !== null) ?? "";
}

function question(test: Settings, language: Language): Part[] {
  const name = word(test.variable) || "caller_number";
  const operator = operatorOf(test);
  const asked = QUESTIONS[operator];
  if (!asked) return [text(language === "nl" ? "Wat is " : "What is "), spoken(name, language)];
  const [before, after] = asked[language](test[operator], test.invert === true);
  return [text(`${before} `), spoken(name, language), text(` ${after}`)];
}

function conditionQuestion(settings: Settings, language: Language): Part[] {
  const all = Array.isArray(settings.all) ? (settings.all as Settings[]) : undefined;
  const tests = all ?? (Array.isArray(settings.any) ? (settings.any as Settings[]) : [settings]);
  const [and, or] = language === "nl" ? ["en", "of"] : ["and", "or"];
  const parts: Part[] = [];
  tests.forEach((test, index) => {
    const [first, ...rest] = question(test, language);
    if (index && first) parts.push(text(` ${all ? and : or} ${first.text.charAt(0).toLowerCase()}${first.text.slice(1)}`), ...rest);
    else if (first) parts.push(first, ...rest);
  });
  if (settings.invert === true && tests.length > 1) parts.unshift(text(language === "nl" ? "Klopt dit niet: " : "Is this untrue: "));
  return [...parts, text("?")];
}

/** `20 s`, `10 min`, `2,5 s`. */
export function seconds(value: unknown, language: Language): string {
  const amount = Number(value);
  if (!Number.isFinite(amount)) return word(value);
  const number = (n: number): string => n.toLocaleString(language, { maximumFractionDigits: 2 });
  return amount >= 120 && amount % 60 === 0 ? `${number(amount / 60)} min` : `${number(amount)} s`;
}

function span(value: unknown, language: Language): string {
  const found = /^(\d+)([dhm])$/.exec(word(value || "30d"));
  if (!found) return word(value);
  const units = language === "nl" ? { d: ["dag", "dagen"], h: ["uur", "uur"], m: ["minuut", "minuten"] } : { d: ["day", "days"], h: ["hour", "hours"], m: ["minute", "minutes"] };
  return `${found[1]} ${units[found[2] as "d"][found[1] === "1" ? 0 : 1]}`;
}

const TOGETHER: Record<string, Record<Language, string>> = {
  all: { nl: "tegelijk", en: "at once" },
  in_order: { nl: "op volgorde", en: "in order" },
  round_robin: { nl: "om de beurt", en: "in turn" },
  longest_idle: { nl: "wie het langst vrij is", en: "longest idle" },
};

export function strategyWords(strategy: string | undefined, language: Language): string {
  return TOGETHER[strategy ?? "all"]?.[language] ?? word(strategy);
}

/** Who or what a number of the company is. */
export function destination(plan: Plan, number: string): { kind: "user" | "group" | "queue" | "voicemail" | "plan"; name: string } | undefined {
  const bare = number.replace(/[\s()-]/g, "");
  const find = <T extends { name: string; number?: string }>(entries: T[] | undefined): T | undefined => entries?.find((entry) => entry.number === bare);
  const user = find(plan.users);
  if (user) return { kind: "user", name: user.name };
  const group = find(plan.ring_groups);
  if (group) return { kind: "group", name: group.name };
  const queue = find(plan.queues);
  if (queue) return { kind: "queue", name: queue.name };
  const box = find(plan.voicemail_boxes);
  if (box) return { kind: "voicemail", name: box.name };
  const other = plan.dial_plans?.find((entry) => entry.internal_number === bare || entry.external_numbers?.some((n) => n.replace(/\D/g, "") === bare.replace(/\D/g, "")));
  return other ? { kind: "plan", name: other.name } : undefined;
}

function filled(words: string): Part[] {
  return words.split(/(\{[A-Za-z_][\w.]*\})/).filter(Boolean).map((piece) => (/^\{[A-Za-z_]/.test(piece) ? variable(piece.slice(1, -1)) : text(piece)));
}

function people(plan: Plan, numbers: string[], language: Language): string {
  const names = numbers.map((number) => destination(plan, number)?.name.split(" ")[0] ?? number);
  const and = language === "nl" ? "en" : "and";
  if (names.length > 3) return `${names.slice(0, 2).join(", ")} ${and} ${names.length - 2} ${language === "nl" ? "anderen" : "others"}`;
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} ${and} ${names.at(-1)}` : names.join("");
}

function reach(plan: Plan, settings: Settings, language: Language): { title: Part[]; second: string } {
  const nl = language === "nl";
  const to = word(settings.to);
  const start = text(nl ? "Verbind door met " : "Connect to ");
  const wait = seconds(settings.timeout ?? 25, language);
  const found = to ? destination(plan, to) : undefined;
  if (!to) return { title: [text(nl ? "Verbind door" : "Connect")], second: nl ? "Kies wie er overgaat" : "Choose who is rung" };
  if (/^\{.*\}$/.test(to)) return { title: [start, ...filled(to)], second: nl ? `Wie het antwoord noemt · ${wait}` : `Whoever the answer names · ${wait}` };
  if (!found) return { title: [start, text(shown(to, plan.company.country))], second: `${nl ? "Nummer buiten het bedrijf" : "Outside number"} · ${wait}` };
  const title = [start, text(found.name)];
  const group = plan.ring_groups?.find((entry) => entry.number === to);
  if (group) {
    const lasts = seconds(settings.timeout ?? group.timeout ?? 20, language);
    return { title, second: `${nl ? "Belgroep" : "Ring group"} ${to} · ${people(plan, group.members ?? [], language)} ${strategyWords(group.strategy, language)} · ${lasts}` };
  }
  const kinds = nl ? { user: "Toestel", queue: "Wachtrij", voicemail: "Voicemail", plan: "Belplan", group: "Belgroep" } : { user: "Phone", queue: "Queue", voicemail: "Voicemail", plan: "Dial plan", group: "Ring group" };
  return { title, second: `${kinds[found.kind]} ${to}${found.kind === "user" ? ` · ${wait}` : ""}` };
}

const CAUSES: Record<number, Record<Language, string>> = {
  16: { nl: "gewoon einde", en: "normal ending" },
  17: { nl: "in gesprek", en: "busy" },
  21: { nl: "geweigerd", en: "rejected" },
};

export function hostAndPath(url: unknown): string {
  return word(url).replace(/^https?:\/\//, "");
}

/** Title and second line of a card. A note stands in for the title, except on a question. */
export function sentence(item: Item, plan: Plan, language: Language): Sentence {
  const own = generated(item, plan, language);
  const note = noteOf(item);
  if (!note) return own;
  return isQuestion(item) ? { ...own, second: [text(note)] } : { ...own, title: [text(note)] };
}

export function isQuestion(item: Item): boolean {
  return ["condition", "time", "diversion", "switch"].includes(appOf(item));
}

function generated(item: Item, plan: Plan, language: Language): Sentence {
  const nl = language === "nl";
  const s = settingsOf(item);
  const is = (title: Part[] | string, second: Part[] | string = "", yields = ""): Sentence => ({
    title: typeof title === "string" ? [text(title)] : title,
    second: typeof second === "string" ? (second ? [text(second)] : []) : second,
    yields,
  });
  switch (appOf(item)) {
    case "webhook": {
      const host = hostAndPath(s.url).split(/[/?]/)[0];
      return is(
        host ? (nl ? `Vraag ${host}` : `Ask ${host}`) : nl ? "Vraag uw eigen server" : "Ask your own server",
        [code(`${word(s.method) || "POST"} ${hostAndPath(s.url) || "…"}`), text(` · ${nl ? "hoogstens" : "at most"} ${seconds(s.timeout ?? 2, language)}`)],
        setBy(item).join(", "),
      );
    }
    case "condition": return is(conditionQuestion(s, language));
    case "switch": return is([text(nl ? "Wat is " : "What is "), spoken(word(s.variable), language), text("?")]);
    case "time": return is(timeQuestion(s, plan, language));
    case "diversion": return is(nl ? `Staat ${quoted(s.name)} ${s.invert ? "uit" : "aan"}?` : `Is ${quoted(s.name)} ${s.invert ? "off" : "on"}?`);
    case "menu": {
      const menu = plan.ivr_menus?.find((entry) => entry.name === s.name);
      const keys = new Set(Object.values(menu?.contexts ?? {}).flatMap((context) => Object.keys(context.keys ?? {})));
      const contexts = Object.keys(menu?.contexts ?? {}).join(", ");
      return is(nl ? `Keuzemenu ${quoted(s.name)}` : `IVR menu ${quoted(s.name)}`, menu ? `${contexts} · ${nl ? "toets" : "keys"} ${[...keys].sort().join(", ")}` : "");
    }
    case "connect": { const found = reach(plan, s, language); return is(found.title, found.second); }
    case "queue": {
      const queue = plan.queues?.find((entry) => entry.number === s.number);
      const agents = queue?.agents?.length ?? 0;
      return is(`${nl ? "Wachtrij" : "Queue"} ${queue?.name ?? word(s.number)}`, queue ? `${word(s.number)} · ${agents} ${nl ? (agents === 1 ? "medewerker" : "medewerkers") : agents === 1 ? "agent" : "agents"} · ${nl ? "hoogstens" : "at most"} ${queue.max_waiting ?? 10} ${nl ? "bellers" : "callers"}, ${seconds(queue.max_wait ?? 600, language)}` : "");
    }
    case "voicemail": {
      const box = plan.voicemail_boxes?.find((entry) => entry.number === s.box);
      const mail = box?.email?.length ? ` · ${nl ? "naar" : "to"} ${box.email.join(", ")}` : "";
      return is(`Voicemail ${box?.name ?? word(s.box)}`, box ? `${word(s.box)}${mail} · ${box.keep_days ?? 30} ${nl ? "dagen bewaard" : "days kept"}` : "");
    }
    case "announce": return is(nl ? "Meldtekst" : "Announcement", s.file ? [code(word(s.file))] : s.say ? [text("“"), ...filled(word(s.say)), text("”")] : nl ? "Nog zonder tekst" : "No text yet");
    case "email": return is(`${nl ? "E-mail naar" : "Email to"} ${(Array.isArray(s.to) ? s.to : [s.to]).map(word).filter(Boolean).join(", ") || "…"}`, nl ? "Datum, tijd, beller en belplan" : "Date, time, caller and dial plan");
    case "prefix": return is(nl ? `Zet ${quoted(s.text)} voor het nummer` : `Put ${quoted(s.text)} before the number`, nl ? "Op het scherm van de telefoons hieronder" : "On the display of the phones below");
    case "same_colleague": return is(nl ? "Zelfde collega als vorige keer" : "Same colleague as last time", nl ? `Wie de beller in de laatste ${span(s.within, language)} sprak, gaat eerst over` : `Whoever spoke to the caller in the last ${span(s.within, language)} rings first`);
    case "goto": {
      if (s.menu !== undefined) return is(nl ? `Ga naar keuzemenu ${quoted(s.menu)}` : `Go to IVR menu ${quoted(s.menu)}`);
      if (s.context !== undefined) return is(nl ? `Ga naar context ${quoted(s.context)}` : `Go to context ${quoted(s.context)}`);
      return is(nl ? `Ga naar belplan ${quoted(s.dial_plan)}` : `Go to dial plan ${quoted(s.dial_plan)}`);
    }
    case "hangup": {
      const cause = Number(s.cause ?? 16);
      return is(nl ? "Hang op" : "Hang up", cause === 16 ? (nl ? "Het gesprek eindigt hier" : "The call ends here") : nl ? `De beller hoort: ${CAUSES[cause]?.nl ?? cause}` : `The caller hears: ${CAUSES[cause]?.en ?? cause}`);
    }
    case "record": {
      if (s.on === false) return is(nl ? "Neem niet meer op" : "Record no longer", nl ? "Bijvoorbeeld voor een betaling" : "Before a payment, for instance");
      const said = word((s.announcement as Settings | undefined)?.say) || (nl ? "Dit gesprek wordt opgenomen." : "This call is recorded.");
      return is(nl ? "Neem de gesprekken hieronder op" : "Record the conversations below", s.announce === false ? (nl ? "De beller is al gewaarschuwd" : "The caller was told already") : quoted(said));
    }
    case "set": return is([text(nl ? "Zet " : "Set "), variable(word(s.name) || "…"), text(nl ? " op " : " to "), text("“"), ...filled(word(s.value)), text("”")], "", word(s.name));
    case "collect": {
      const prompt = word((s.prompt as Settings | undefined)?.say);
      const [least, most] = [Number(s.minimum ?? 1), Number(s.maximum ?? 16)];
      const digits = least === most ? `${most}` : `${least} ${nl ? "tot" : "to"} ${most}`;
      return is(nl ? `Vraag ${digits} cijfers` : `Ask for ${digits} digits`, prompt ? [text("“"), ...filled(prompt), text("”")] : nl ? "Nog zonder vraag" : "No question yet", word(s.save_as));
    }
    default: return is(appOf(item) || "?");
  }
}

function timeQuestion(s: Settings, plan: Plan, language: Language): string {
  const nl = language === "nl";
  const times = plan.time_conditions?.find((entry) => entry.name === s.when);
  const holidays = !!times?.holidays && !times.weekdays?.length && !times.dates?.length && !times.periods?.length;
  if (holidays) return nl ? (s.invert ? "Is het geen feestdag?" : "Is het een feestdag?") : s.invert ? "Is it no holiday?" : "Is it a holiday?";
  if (!s.when) return nl ? "Is het nu …?" : "Is it now …?";
  return nl ? `Is het ${s.invert ? "buiten " : "nu "}${quoted(s.when)}?` : `Is it ${s.invert ? "outside " : ""}${quoted(s.when)}${s.invert ? "" : " now"}?`;
}

export const plain = (parts: Part[]): string => parts.map((part) => part.text).join("");

/** One step as half a sentence. */
export function short(item: Item, plan: Plan, language: Language): string {
  const app = appOf(item);
  const s = settingsOf(item);
  if (app === "announce" && s.say) {
    const said = word(s.say).replace(/[.!]$/, "");
    return `${language === "nl" ? "Meldtekst" : "Announcement"} “${said.length > 40 ? `${said.slice(0, 38).trimEnd()}…` : said}”`;
  }
  if (app === "hangup") return language === "nl" ? "ophangen" : "hang up";
  return plain(sentence(item, plan, language).title);
}

/** A closed branch in one line: `Meldtekst “Gesloten”, dan ophangen`. */
export function summary(route: Route, plan: Plan, language: Language): string {
  if (route.length === 0) return language === "nl" ? "nog leeg" : "still empty";
  const then = language === "nl" ? "dan" : "then";
  const [first, second] = route;
  const begin = capital(short(first!, plan, language));
  if (!second) return begin;
  return `${begin}, ${then} ${lower(short(second, plan, language))}${route.length > 2 ? " …" : ""}`;
}

export const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
const lower = (words: string): string => (/^[A-Z][a-z ]/.test(words) ? words.charAt(0).toLowerCase() + words.slice(1) : words);

const EXITS: Record<string, Record<Language, string>> = {
  true: { nl: "ja", en: "yes" },
  false: { nl: "nee", en: "no" },
  busy: { nl: "bezet", en: "busy" },
  no_answer: { nl: "niet opgenomen", en: "no answer" },
  failed: { nl: "onbereikbaar", en: "unreachable" },
  answered: { nl: "opgenomen", en: "answered" },
  ok: { nl: "goed antwoord", en: "good answer" },
  error: { nl: "fout", en: "failed" },
  timeout: { nl: "te laat", en: "too late" },
  nobody: { nl: "niemand", en: "nobody" },
  full: { nl: "vol", en: "full" },
  otherwise: { nl: "iets anders", en: "anything else" },
  played: { nl: "gehoord", en: "played" },
  moved: { nl: "verder elders", en: "moved on" },
  entered: { nl: "in het menu", en: "in the menu" },
  abandoned: { nl: "beller hing op", en: "caller hung up" },
  ended: { nl: "einde", en: "ended" },
  sent: { nl: "verstuurd", en: "sent" },
  set: { nl: "gezet", en: "set" },
  collected: { nl: "getoetst", en: "collected" },
  no_input: { nl: "geen toets", en: "no key" },
  invalid: { nl: "te weinig cijfers", en: "too few digits" },
  recorded: { nl: "ingesproken", en: "recorded" },
  nothing: { nl: "niets ingesproken", en: "nothing recorded" },
  listened: { nl: "beluisterd", en: "listened to" },
  on: { nl: "aan", en: "on" },
  off: { nl: "uit", en: "off" },
};

export function exitWords(exit: string, language: Language): string {
  return EXITS[exit]?.[language] ?? exit;
}

/** What stands beside the dashed line by which a branch comes back to the rail. */
export function wayBack(route: Route, next: string, language: Language): string {
  const nl = language === "nl";
  const last = asRoute(route).at(-1);
  const app = last ? appOf(last) : "";
  const on = next ? (nl ? `verder met ${next}` : `on with ${next}`) : nl ? "naar het einde" : "on to the end";
  if (app === "connect" || app === "same_colleague") return nl ? `Niet opgenomen? Dan ${on}` : `No answer? Then ${on}`;
  if (app === "queue") return nl ? `Niemand vrij? Dan ${on}` : `Nobody free? Then ${on}`;
  return capital(nl ? `daarna ${on}` : `then ${on}`);
}

export { shownAbroad };
