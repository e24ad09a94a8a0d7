import { describe, expect, it } from "vitest";
import { afterRemoval, copyOf, insert, move, remove, renamed } from "./edit";
import { begin, record, redo, undo } from "./history";
import { merge } from "./merge";
import { shown, shownAbroad } from "./number";
import { at, keysOf, pathOf, put } from "./path";
import { explain } from "./problems";
import { comesBack, itemPathOf, numbersOf, routeAt } from "./route";
import { visible } from "./scope";
import { plain, sentence, summary } from "./sentence";
import type { Plan } from "./types";

const TOP = "dial_plans[0].route";
const say = (text: string) => ({ announce: { say: text } });

const PLAN: Plan = {
  company: { name: "Voorbeeld BV", country: "NL" },
  users: [{ name: "Anna de Boer", number: "201" }, { name: "Bram Visser", number: "202" }],
  ring_groups: [{ name: "Finance", number: "301", members: ["201", "202"], timeout: 20 }],
  time_conditions: [{ name: "feestdagen", holidays: "NL" }, { name: "kantooruren", weekdays: [] }],
  ivr_menus: [{ name: "keuze", start: "nl", contexts: { nl: { start: [{ webhook: { method: "GET", url: "https://a.nl", save_as: "taal" } }], keys: { "1": { label: "Verkoop", route: [say("een")] }, "2": [say("twee")] } } } }],
  dial_plans: [{
    name: "Hoofdnummer",
    route: [
      { webhook: { method: "POST", url: "https://crm.example.nl/belplan", save_as: "klant" }, note: "Vraag het CRM" },
      { condition: { variable: "klant", equals: "openstaand", then: [{ connect: { to: "301", on_busy: [{ email: { to: ["a@example.nl"] } }] } }], else: [say("dag"), { hangup: {} }] } },
      { connect: { to: "{klant}" } },
    ],
  }],
};

describe("paths", () => {
  it("are written as the API writes them", () => {
    for (const path of ["dial_plans[0].route[2].condition.then[0]", "ivr_menus[0].contexts.nl.keys.*[1]"]) expect(pathOf(keysOf(path))).toBe(path);
    expect(at(PLAN, keysOf("dial_plans[0].route[1].condition.equals"))).toBe("openstaand");
  });
  it("change a copy and share the rest", () => {
    const changed = put(PLAN, keysOf("company.name"), "Ander");
    expect([PLAN.company.name, changed.company.name, changed.users === PLAN.users]).toEqual(["Voorbeeld BV", "Ander", true]);
  });
});

describe("editing", () => {
  it("inserts into a branch that is not there yet", () => {
    const made = insert(PLAN, `${TOP}[2].connect.on_busy`, 0, say("bezet"));
    expect(routeAt(made.plan, `${TOP}[2].connect.on_busy`)).toEqual([say("bezet")]);
  });
  it("leaves no empty branch behind", () => {
    const made = remove(PLAN, `${TOP}[1].condition.then[0].connect.on_busy[0]`);
    expect(at(made.plan, keysOf(`${TOP}[1].condition.then[0].connect`))).toEqual({ to: "301" });
    expect(made.chosen).toBe(`${TOP}[1].condition.then[0]`);
  });
  it("moves down, up, into a branch below, and out of one", () => {
    const apps = (plan: Plan): string[] => routeAt(plan, TOP).map((item) => Object.keys(item)[0]!);
    expect(apps(move(PLAN, `${TOP}[0]`, TOP, 3).plan)).toEqual(["condition", "connect", "webhook"]);
    expect(apps(move(PLAN, `${TOP}[2]`, TOP, 0).plan)).toEqual(["connect", "webhook", "condition"]);
    const inside = move(PLAN, `${TOP}[0]`, `${TOP}[1].condition.then`, 0);
    expect(inside.chosen).toBe(`${TOP}[0].condition.then[0]`);
    expect(apps(inside.plan)).toEqual(["condition", "connect"]);
    expect(apps(move(PLAN, `${TOP}[1].condition.then[0]`, TOP, 0).plan)).toEqual(["connect", "webhook", "condition", "connect"]);
  });
  it("never moves a card into its own branch", () => {
    expect(move(PLAN, `${TOP}[1]`, `${TOP}[1].condition.then`, 0).plan).toBe(PLAN);
  });
  it("finds the target again when something above it goes", () => {
    expect(afterRemoval(`${TOP}[5].condition.then[0]`, TOP, 2)).toBe(`${TOP}[4].condition.then[0]`);
    expect(afterRemoval(`${TOP}[1].condition.then[0]`, TOP, 2)).toBe(`${TOP}[1].condition.then[0]`);
  });
  it("edits the route of a menu's key in both of its forms", () => {
    const labelled = insert(PLAN, "ivr_menus[0].contexts.nl.keys.1.route", 1, say("x")).plan;
    const bare = insert(labelled, "ivr_menus[0].contexts.nl.keys.2", 0, say("y")).plan;
    expect(routeAt(bare, "ivr_menus[0].contexts.nl.keys.1.route")).toHaveLength(2);
    expect(routeAt(bare, "ivr_menus[0].contexts.nl.keys.2")).toHaveLength(2);
  });
  it("copies with a free variable name", () => {
    expect(renamed(copyOf(PLAN, `${TOP}[0]`), new Set(["klant", "klant_2"])).webhook).toMatchObject({ save_as: "klant_3" });
  });
});

describe("history", () => {
  it("undoes and redoes; typing in one field is one step", () => {
    const named = (name: string): Plan => put(PLAN, ["company", "name"], name);
    let history = begin(PLAN);
    history = record(history, named("A"), "", "name", 1000);
    history = record(history, named("AB"), "", "name", 1200);
    history = record(history, named("ABC"), "", "", 9000);
    expect(undo(history).now.plan.company.name).toBe("AB");
    expect(undo(undo(history)).now.plan).toBe(PLAN);
    expect(redo(undo(history)).now.plan.company.name).toBe("ABC");
  });
});

describe("numbers of steps", () => {
  it("count on below a second branch", () => {
    const numbers = numbersOf(routeAt(PLAN, TOP), TOP);
    expect(numbers.get(`${TOP}[1].condition.then[0]`)).toBe("2.1");
    expect(numbers.get(`${TOP}[1].condition.then[0].connect.on_busy[0]`)).toBe("2.1.1");
    expect(numbers.get(`${TOP}[1].condition.else[0]`)).toBe("2.2");
  });
  it("find the card that a problem is on", () => {
    expect(itemPathOf(PLAN, `${TOP}[1].condition.then[0].connect.to`)).toBe(`${TOP}[1].condition.then[0]`);
    expect(itemPathOf(PLAN, "users[0].number")).toBe("");
  });
  it("know which branch comes back", () => {
    expect(comesBack(routeAt(PLAN, `${TOP}[1].condition.then`))).toBe(true);
    expect(comesBack(routeAt(PLAN, `${TOP}[1].condition.else`))).toBe(false);
  });
});

describe("scope", () => {
  it("is what stands above", () => {
    expect(visible(PLAN, `${TOP}[0]`)).toEqual([]);
    expect(visible(PLAN, `${TOP}[1].condition.then[0]`)).toEqual(["klant"]);
    expect(visible(PLAN, "ivr_menus[0].contexts.nl.keys.1.route[0]")).toEqual(["taal"]);
  });
});

describe("sentences", () => {
  const title = (index: number, language: "nl" | "en"): string => plain(sentence(routeAt(PLAN, TOP)[index]!, PLAN, language).title);
  it("ask and order in both languages", () => {
    expect([title(1, "nl"), title(1, "en")]).toEqual(["Is klant gelijk aan “openstaand”?", "Is klant equal to “openstaand”?"]);
    expect(title(0, "nl")).toBe("Vraag het CRM");
    expect(plain(sentence({ connect: { to: "301" } }, PLAN, "nl").second)).toBe("Belgroep 301 · Anna en Bram tegelijk · 20 s");
    expect(plain(sentence({ time: { when: "feestdagen" } }, PLAN, "en").title)).toBe("Is it a holiday?");
  });
  it("sum up a closed branch", () => {
    expect(summary(routeAt(PLAN, `${TOP}[1].condition.else`), PLAN, "nl")).toBe("Meldtekst “dag”, dan ophangen");
  });
  it("say something of any item, also a broken one", () => {
    for (const item of [{ condition: { all: [{ mobile: true }, { variable: "x", between: ["1", "2"] }] } }, { condition: {} }, { nieuw: {} }, { goto: {} }, { email: {} }, {}])
      for (const language of ["nl", "en"] as const) expect(plain(sentence(item, PLAN, language).title)).not.toBe("");
  });
});

describe("two people", () => {
  it("are merged where they touched different things", () => {
    const mine = put(PLAN, keysOf("users[0].name"), "Anna B");
    const theirs = put(PLAN, keysOf("users[1].name"), "Bram V");
    const { merged, conflicts } = merge(PLAN, mine, theirs);
    expect(conflicts).toEqual([]);
    expect(merged.users!.map((user) => user.name)).toEqual(["Anna B", "Bram V"]);
  });
  it("are asked where they touched the same", () => {
    const { merged, conflicts } = merge(PLAN, put(PLAN, keysOf("users[0].name"), "A"), put(PLAN, keysOf("users[0].name"), "B"));
    expect(conflicts).toEqual([{ path: "users[0].name", mine: "A", theirs: "B" }]);
    expect(merged.users![0]!.name).toBe("A");
  });
});

describe("problems", () => {
  it("are told in Dutch, with the way out", () => {
    const plan = put(PLAN, keysOf(`${TOP}[1].condition.variable`), "klnt");
    const problem = { path: `${TOP}[1].condition.variable`, code: "unknown-variable", severity: "error" as const, message: 'no webhook above sets "klnt" (did you mean "klant"?)' };
    const { text, fix } = explain(problem, plan, "nl");
    expect(text).toBe("Geen webhook hierboven zet “klnt”. Bedoelde u “klant”?");
    expect(at(fix!.apply(plan), keysOf(`${TOP}[1].condition.variable`))).toBe("klant");
  });
});

describe("telephone numbers", () => {
  it("read as people write them", () => {
    expect(shown("31612345678")).toBe("06 12 34 56 78");
    expect(shownAbroad("31102380095")).toBe("+31 10 238 00 95");
    expect(shown("201")).toBe("201");
    expect(shown("442079460123")).toBe("+44 20 7946 0123");
  });
});
