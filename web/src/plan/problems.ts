/** What is wrong, in plain words of either language, and the way out of it. The server says it in English. */

import { change, freeName } from "./edit";
import { at, keysOf, put } from "./path";
import { appOf, itemAt, itemPathOf } from "./route";
import { destination } from "./sentence";
import { setAnywhere } from "./scope";
import type { Item, Language, Plan, Problem, Settings } from "./types";

export interface Fix { label: Record<Language, string>; apply: (plan: Plan) => Plan }
export interface Explained { text: string; fix?: Fix }

type Rule = [code: string | null, pattern: RegExp, dutch: (found: RegExpExecArray) => string];

/** The server's sentences, each with its Dutch. What matches none is shown as the server said it. */
const RULES: Rule[] = [
  ["unknown-variable", /^no webhook (?:above )?sets "([^"]*)"(?: \(did you mean "([^"]*)"\?\))?/, (f) => `Geen webhook hierboven zet “${f[1]}”.${f[2] ? ` Bedoelde u “${f[2]}”?` : ""}`],
  ["unknown-variable", /^"([^"]*)" cannot be set here/, (f) => `“${f[1]}” kan hier niet gezet zijn: de webhook staat eronder of in een andere tak.`],
  ["unknown-variable", /^"([^"]*)": a personal route/, (f) => `“${f[1]}”: een persoonlijk belplan kent alleen de gegevens van het gesprek.`],
  ["maybe-unset", /^"([^"]*)" may be unset/, (f) => `“${f[1]}” kan hier nog leeg zijn.`],
  ["duplicate-variable", /^"([^"]*)"/, (f) => `De naam “${f[1]}” is al in gebruik.`],
  ["unknown-destination", /^nobody has the number (\S+?)(?: \(did you mean "([^"]*)"\?\))?[,;]/, (f) => `Nummer ${f[1]} bestaat niet.${f[2] ? ` Bedoelde u ${f[2]}?` : ""}`],
  ["unknown-destination", /^there is no trunk to reach (\S+?),/, (f) => `Er is geen lijn om ${f[1]} te bereiken; voeg er een toe bij Instellingen.`],
  ["unknown-destination", /^there is no (.+?) "([^"]*)"(?: \(did you mean "([^"]*)"\?\))?/, (f) => `“${f[2]}” bestaat niet.${f[3] ? ` Bedoelde u “${f[3]}”?` : ""}`],
  ["unknown-destination", /^this menu has no context "([^"]*)"/, (f) => `Dit menu heeft geen context “${f[1]}”.`],
  ["unreachable", /^no call comes here/, () => "Onbereikbaar: de stap hierboven beëindigt het gesprek altijd."],
  ["unreachable", /^no call comes to this context/, () => "Geen gesprek komt in deze context."],
  ["unreachable", /^no call comes to this menu/, () => "Geen gesprek komt in dit menu."],
  ["unreachable", /^no call comes to this dial plan/, () => "Geen gesprek komt in dit belplan: geef het een nummer."],
  ["endless-loop", /^/, () => "Hier kan een gesprek eindeloos rondgaan. Laat er iets in wachten, zoals een meldtekst."],
  ["webhook-not-allowed", /^/, () => "Een webhook kan niet in een persoonlijk belplan."],
  ["missing-secret", /^there is no value for (?:secret:)?(\S+?);?/, (f) => `Het geheim ${f[1]} heeft nog geen waarde.`],
  ["duplicate-number", /^(\S+) is an? (?:internal|outside)?.*number/, (f) => `Nummer ${f[1]} is al in gebruik.`],
  ["duplicate-number", /^(\S+) is the (number|code) of (.+?) already/, (f) => `${f[1]} is al ${f[2] === "code" ? "de code" : "het nummer"} van ${f[3]}.`],
  ["duplicate-number", /^the SIP account (\S+)/, (f) => `Het account ${f[1]} is al van een andere telefoon.`],
  ["duplicate-name", /"([^"]*)"/, (f) => `De naam “${f[1]}” is er al.`],
  ["missing-field", /^give either "say"/, () => "Nog zonder tekst of geluid."],
  ["missing-field", /^give one of context/, () => "Kies waarheen het gesprek gaat."],
  ["missing-field", /"?([a-z_]+)"? (?:is )?(?:required|missing)/i, (f) => `${field(f[1]!)} is nodig.`],
  ["missing-field", /^/, () => "Hier ontbreekt nog iets."],
  ["invalid-url", /host/, () => "Deze URL heeft geen geldig adres."],
  ["invalid-url", /^/, () => "Dit is geen URL; schrijf https://crm.example.nl/belplan."],
  ["invalid-pattern", /^/, () => "Dit patroon klopt niet."],
  ["invalid-time", /^/, () => "Dit is geen geldige tijd of datum."],
  ["not-yet", /^/, () => "Deze app doet nog niets; het gesprek gaat eronder verder."],
  ["invalid-value", /"([^"]*)" is no telephone number/, (f) => `“${f[1]}” is geen telefoonnummer.`],
  ["invalid-value", /internal number is 1 to 6 digits/, () => "Een intern nummer heeft 1 tot 6 cijfers."],
];

const FIELDS: Record<string, string> = { url: "De URL", to: "Een bestemming", when: "Een tijd", name: "Een naam", number: "Een nummer", box: "Een voicemail", text: "Tekst", variable: "Een gegeven", members: "Minstens één lid" };
const field = (name: string): string => FIELDS[name] ?? name;

export function explain(problem: Problem, plan: Plan, language: Language): Explained {
  const fix = wayOut(problem, plan);
  if (language === "nl")
    for (const [code, pattern, dutch] of RULES) {
      if (code && code !== problem.code) continue;
      const found = pattern.exec(problem.message);
      if (found) return { text: dutch(found), fix };
    }
  const english = problem.message.replace(/"([^"]*)"/g, "“$1”").replace(/ \(did you mean (“[^”]*”)\?\)/, ". Did you mean $1?");
  return { text: english.charAt(0).toUpperCase() + english.slice(1), fix };
}

function wayOut(problem: Problem, plan: Plan): Fix | undefined {
  const near = /did you mean "([^"]*)"/.exec(problem.message)?.[1];
  const path = itemPathOf(plan, problem.path);
  if (near && problem.code === "unknown-variable") {
    const wrong = /"([^"]*)"/.exec(problem.message)?.[1] ?? "";
    return { label: { nl: `Maak er “${near}” van`, en: `Change to “${near}”` }, apply: (now) => replaced(now, path, wrong, near) };
  }
  if (near && problem.code === "unknown-destination") {
    const keys = keysOf(problem.path);
    const name = destination(plan, near)?.name;
    const called = name ? `${near} ${name}` : near;
    if (typeof at(plan, keys) === "string")
      return { label: { nl: `Kies ${called}`, en: `Choose ${called}` }, apply: (now) => put(now, keys, near) };
  }
  if (problem.code === "duplicate-variable" && path) {
    const item = itemAt(plan, path);
    const name = /"([^"]*)"/.exec(problem.message)?.[1];
    if (item && name && appOf(item) === "webhook" && (item.webhook as Settings).save_as === name) {
      const free = freeName(name, new Set(setAnywhere(plan, path).keys()));
      return { label: { nl: `Kies “${free}”`, en: `Choose “${free}”` }, apply: (now) => change(now, path, "save_as", free) };
    }
  }
  return undefined;
}

/** A variable's name, wherever this one item has it: as `variable`, or as `{name}` in a text. */
function replaced(plan: Plan, path: string, wrong: string, right: string): Plan {
  const visit = (value: unknown, key: string): unknown => {
    if (key === "then" || key === "else" || key.startsWith("on_")) return value;
    if (typeof value === "string") return key === "variable" && value === wrong ? right : value.replaceAll(`{${wrong}}`, `{${right}}`);
    if (Array.isArray(value)) return value.map((part) => visit(part, ""));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, visit(part, name)]));
    return value;
  };
  const keys = keysOf(path);
  return put(plan, keys, visit(at(plan, keys), "") as Item);
}
