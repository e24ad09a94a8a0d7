/** The settings of the chosen card. Changes apply at once to the draft; there is no Save. */

import { Check, CloudOff, Ellipsis, Trash2, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { appOf, asRoute, noteOf, settingsOf } from "../plan/route";
import { annotate, change } from "../plan/edit";
import { keysOf, put } from "../plan/path";
import { explain } from "../plan/problems";
import { everyItem, numbersOf as stepNumbers, routeAt } from "../plan/route";
import { readBy, setBy, visible } from "../plan/scope";
import { exitWords, operatorOf, OPERATORS, plain, sentence } from "../plan/sentence";
import type { AppFacts, Item, Plan, Problem, Schema, Settings } from "../plan/types";
import { clock, useWords, type Word } from "../words";
import { CheckField, Field, ListField, Menu, NumberField, Segments, SelectField, TextField, Tile } from "../ui/parts";
import { useDraft } from "./draft";
import { LearnedAnswers } from "./learned";
import { InsertField, NamePicker, NumberPicker, VariablePicker } from "./pickers";
import { SoundPicker } from "./sounds";
import { TryWebhook, WhatWeSend } from "./try-webhook";

export interface FormProps {
  plan: Plan; path: string; item: Item; top: string; apps: readonly AppFacts[]; problems: readonly Problem[];
  onClose: () => void; onRemove: () => void; onShortcuts: () => void;
}

/** What every widget gets. */
interface Setting {
  s: Settings; set: (setting: string, value: unknown) => void; wrong: (setting: string) => string | undefined; plan: Plan; scope: readonly string[]; path: string; prompts: readonly string[];
}

export function CardForm({ plan, path, item, top, apps, problems, onClose, onRemove, onShortcuts }: FormProps) {
  const { t, language } = useWords();
  const { draft, state } = useDraft();
  const [tab, setTab] = useState("settings");
  const app = appOf(item);
  const facts = apps.find((entry) => entry.name === app);
  const numbers = stepNumbers(routeAt(plan, top), top);
  const s = settingsOf(item);
  const scope = state?.scope[path] ?? state?.scope[`${path}.${app}`] ?? visible(plan, path);
  const set = (setting: string, value: unknown): void => draft.edit(change(draft.plan, path, setting, value), path, `${path}.${setting}`);
  const wrong = (setting: string): string | undefined => {
    const found = problems.find((problem) => problem.severity === "error" && (problem.path === `${path}.${app}.${setting}` || problem.path.startsWith(`${path}.${app}.${setting}.`)));
    return found && explain(found, plan, language).text;
  };
  const setting: Setting = { s, set, wrong, plan, scope, path, prompts: [] };
  const tabs: [string, Word][] = app === "webhook" ? [["settings", "editor.settings"], ["fails", "editor.fails"], ["sends", "editor.sends"]] : [];
  const shownTab = tabs.length ? tab : "settings";
  return (
    <aside className="form-pane" aria-label={t("editor.settings")} onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(); } }}>
      <header>
        <Tile app={app} />
        <div className="grow"><h2>{plain(sentence(item, plan, language).title)}</h2><p>{facts?.title[language] ?? app} · {t("editor.step", { number: numbers.get(path) ?? "" })}</p></div>
        {!state?.readOnly && <Menu label={t("action.more")} button={<Ellipsis size={18} aria-hidden />}>
          {(close) => <button type="button" onClick={() => { close(); onRemove(); }}><Trash2 size={15} aria-hidden />{t("action.delete")}</button>}
        </Menu>}
        <button type="button" className="icon-button" aria-label={t("action.close")} onClick={onClose}><X size={18} aria-hidden /></button>
      </header>
      {tabs.length > 0 && (
        <div className="tabs" role="tablist">
          {tabs.map(([name, word]) => <button key={name} type="button" role="tab" aria-selected={shownTab === name} onClick={() => setTab(name)}>{t(word)}</button>)}
        </div>
      )}
      <fieldset className="fields" role={tabs.length ? "tabpanel" : undefined} disabled={state?.readOnly}>
        {facts?.help[language] && shownTab === "settings" && app !== "webhook" && <p className="quiet">{firstSentence(facts.help[language])}</p>}
        <Widgets app={app} tab={shownTab} setting={setting} facts={facts} />
        {shownTab === "settings" && <TextField label={t("editor.note")} value={noteOf(item)} help={t("editor.note_help")} onChange={(note) => draft.edit(annotate(draft.plan, path, note), path, `${path}.note`)} />}
      </fieldset>
      <FormFoot onShortcuts={onShortcuts} />
    </aside>
  );
}

const firstSentence = (text: string): string => text.split("\n")[0]!;

export function FormFoot({ onShortcuts }: { onShortcuts?: () => void }) {
  const { t, language } = useWords();
  const { state } = useDraft();
  if (!state || (state.readOnly && !onShortcuts)) return null;
  if (!onShortcuts && state.saving === "saved" && !state.savedAt) return null;
  const words = state.saving === "saved" ? (state.savedAt ? t("editor.saved", { time: clock(state.savedAt, language) }) : "") : state.saving === "saving" ? t("editor.saving") : t("editor.waiting");
  return (
    <footer>
      <span className="saved" role="status">{words && (state.saving === "saved" ? <Check size={15} aria-hidden /> : state.saving === "waiting" ? <CloudOff size={15} aria-hidden /> : null)}{words}</span>
      {onShortcuts && <button type="button" className="link" onClick={onShortcuts} style={{ color: "inherit" }}>{t("editor.shortcuts")} <span className="kbd">?</span></button>}
    </footer>
  );
}

function Widgets({ app, tab, setting, facts }: { app: string; tab: string; setting: Setting; facts?: AppFacts | undefined }): ReactNode {
  const { t } = useWords();
  const { s, set, wrong, plan, scope } = setting;
  const text = (name: string): string => (s[name] === undefined || s[name] === null ? "" : String(s[name]));
  switch (app) {
    case "webhook": return <WebhookFields tab={tab} setting={setting} facts={facts} />;
    case "condition": return <><ConditionFields setting={setting} /><LearnedAnswers variable={text("variable")} path={setting.path} /></>;
    case "connect":
      return (
        <>
          <NumberPicker label={t("form.who")} help={t("form.who_help")} value={text("to")} onChange={(to) => set("to", to)} plan={plan} kinds={["user", "group", "plan"]} variables={scope} wrong={wrong("to")} />
          <NumberField label={t("form.ring_for")} value={s.timeout as number | undefined} unit="s" min={1} max={600} placeholder={String(plan.ring_groups?.find((group) => group.number === s.to)?.timeout ?? 25)} onChange={(timeout) => set("timeout", timeout)} wrong={wrong("timeout")} />
          <Field label={t("form.caller_id")}>{() => <Segments label={t("form.caller_id")} value={text("caller_id") || "caller"} options={[["caller", t("form.caller_id_caller")], ["company", t("form.caller_id_company")]]} onChange={(shown) => set("caller_id", shown === "caller" ? undefined : shown)} />}</Field>
        </>
      );
    case "queue": return <NumberPicker label={t("form.queue")} value={text("number")} onChange={(number) => set("number", number)} plan={plan} kinds={["queue"]} outside={false} wrong={wrong("number")} />;
    case "voicemail": return <NumberPicker label={t("form.box")} value={text("box")} onChange={(box) => set("box", box)} plan={plan} kinds={["voicemail"]} outside={false} wrong={wrong("box")} />;
    case "announce": return <PromptFields setting={setting} />;
    case "time":
      return (
        <>
          <NamePicker label={t("form.when")} value={text("when")} names={plan.time_conditions?.map(({ name }) => name) ?? []} onChange={(name) => set("when", name)} wrong={wrong("when")} />
          <CheckField label={t("form.invert_time")} value={s.invert === true} onChange={(on) => set("invert", on || undefined)} />
        </>
      );
    case "diversion":
      return (
        <>
          <NamePicker label={t("form.diversion")} value={text("name")} names={plan.diversions?.map(({ name }) => name) ?? []} onChange={(name) => set("name", name)} wrong={wrong("name")} />
          <CheckField label={t("form.invert_diversion")} value={s.invert === true} onChange={(on) => set("invert", on || undefined)} />
        </>
      );
    case "menu": return <NamePicker label={t("form.menu")} value={text("name")} names={plan.ivr_menus?.map(({ name }) => name) ?? []} onChange={(name) => set("name", name)} wrong={wrong("name")} />;
    case "goto": return <GotoFields setting={setting} />;
    case "email": return <ListField label={t("form.recipients")} value={[s.to ?? []].flat().map(String)} onChange={(to) => set("to", to)} wrong={wrong("to")} />;
    case "prefix": return <TextField label={t("form.prefix")} value={text("text")} maxLength={20} onChange={(value) => set("text", value)} wrong={wrong("text")} />;
    case "same_colleague": return <WithinFields setting={setting} />;
    case "hangup": return <SelectField label={t("form.cause")} value={String(s.cause ?? 16)} options={[["16", t("form.cause_16")], ["17", t("form.cause_17")], ["21", t("form.cause_21")], ...([16, 17, 21].includes(Number(s.cause ?? 16)) ? [] : [[String(s.cause), `Q.850 ${String(s.cause)}`] as const])]} onChange={(cause) => set("cause", Number(cause))} />;
    case "record":
      return (
        <>
          <Field label={t("form.record")}>{() => <Segments label={t("form.record")} value={s.on === false ? "off" : "on"} options={[["on", t("form.record_on")], ["off", t("form.record_off")]]} onChange={(on) => set("on", on === "off" ? false : undefined)} />}</Field>
          {s.on !== false && <CheckField label={t("form.record_tell")} value={s.announce !== false} onChange={(tell) => set("announce", tell ? undefined : false)} />}
          {s.on !== false && s.announce !== false && <TextField label={t("form.spoken")} lines={2} placeholder={t("form.record_usual")} help={t("form.record_help")} value={String((s.announcement as Settings | undefined)?.say ?? "")} onChange={(say) => set("announcement", say ? { say } : undefined)} wrong={wrong("announcement")} />}
        </>
      );
    case "set":
      return (
        <>
          <TextField label={t("form.set_name")} mono value={text("name")} onChange={(name) => set("name", name)} wrong={wrong("name")} />
          <TextField label={t("form.set_value")} value={text("value")} onChange={(value) => set("value", value)} wrong={wrong("value")} after={<InsertField scope={scope} onInsert={(name) => set("value", text("value") + name)} />} />
        </>
      );
    case "collect": {
      const prompt = (s.prompt ?? {}) as Settings;
      return (
        <>
          <TextField label={t("form.question")} lines={3} value={String(prompt.say ?? "")} onChange={(say) => set("prompt", { ...prompt, say })} wrong={wrong("prompt")} />
          <TextField label={t("form.save_as")} mono value={text("save_as")} onChange={(name) => set("save_as", name)} wrong={wrong("save_as")} />
          <div className="number-grid">
            <NumberField label={t("form.fewest")} value={s.minimum as number | undefined} placeholder="1" min={1} max={32} onChange={(value) => set("minimum", value)} wrong={wrong("minimum")} />
            <NumberField label={t("form.most")} value={s.maximum as number | undefined} placeholder="16" min={1} max={32} onChange={(value) => set("maximum", value)} wrong={wrong("maximum")} />
            <NumberField label={t("form.tries")} value={s.tries as number | undefined} placeholder="3" min={1} max={10} onChange={(value) => set("tries", value)} wrong={wrong("tries")} />
            <NumberField label={t("form.per_key")} unit="s" value={s.timeout as number | undefined} placeholder="5" min={1} max={60} onChange={(value) => set("timeout", value)} wrong={wrong("timeout")} />
          </div>
        </>
      );
    }
    case "switch":
      return (
        <>
          <VariablePicker value={text("variable") || "caller_number"} scope={scope} onChange={(name) => set("variable", name)} wrong={wrong("variable")} />
          <ListField label={t("form.cases")} value={Object.keys((s.cases as object | undefined) ?? {})} onChange={(names) => set("cases", Object.fromEntries(names.map((name) => [name, asRoute((s.cases as Record<string, unknown> | undefined)?.[name])])))} wrong={wrong("cases")} />
          <CheckField label={t("form.ignore_case")} value={s.ignore_case === true} onChange={(on) => set("ignore_case", on || undefined)} />
        </>
      );
    default: return <SchemaFields setting={setting} facts={facts} />;
  }
}

/** What the page has no form of its own for: a form as the app's schema says. */
function SchemaFields({ setting, facts, only }: { setting: Setting; facts?: AppFacts | undefined; only?: readonly string[] }) {
  const { s, set, wrong } = setting;
  const routes = new Set(Object.values(facts?.routes ?? {}));
  return (
    <>
      {Object.entries(facts?.schema.properties ?? {}).filter(([name]) => !routes.has(name) && (!only || only.includes(name))).map(([name, schema]) => (
        <SchemaField key={name} name={name} schema={schema} root={facts!.schema} value={s[name]} onChange={(value) => set(name, value)} wrong={wrong(name)} />
      ))}
    </>
  );
}

function resolved(schema: Schema, root: Schema): Schema {
  if (schema.$ref) return { ...resolved(root.$defs?.[schema.$ref.split("/").at(-1)!] ?? {}, root), ...(schema.description ? { description: schema.description } : {}) };
  const some = schema.anyOf?.filter((option) => option.type !== "null");
  return some?.length ? { ...resolved(some[0]!, root), description: schema.description, default: schema.default } : schema;
}

function SchemaField({ name, schema, root, value, onChange, wrong }: { name: string; schema: Schema; root: Schema; value: unknown; onChange: (value: unknown) => void; wrong: string | undefined }) {
  const field = resolved(schema, root);
  const label = field.description?.replace(/\.$/, "") ?? name;
  if (field.enum) return <SelectField label={label} wrong={wrong} value={String(value ?? field.default ?? "")} options={field.enum.map((option) => [String(option), String(option)] as const)} onChange={onChange} />;
  switch (field.type) {
    case "boolean": return <CheckField label={label} value={(value ?? field.default) === true} onChange={onChange} />;
    case "integer":
    case "number": return <NumberField label={label} wrong={wrong} value={value as number | undefined} placeholder={field.default === undefined ? "" : String(field.default)} min={field.minimum} max={field.maximum} step={field.type === "integer" ? 1 : "any"} onChange={onChange} />;
    case "array": return <ListField label={label} wrong={wrong} value={[value ?? []].flat().map(String)} onChange={(list) => onChange(list.length ? list : undefined)} />;
    case "object": return <PairsField label={label} value={(value as Record<string, string> | undefined) ?? {}} onChange={(pairs) => onChange(Object.keys(pairs).length ? pairs : undefined)} />;
    default: return <TextField label={label} wrong={wrong} value={value === undefined || value === null ? "" : String(value)} maxLength={field.maxLength} onChange={onChange} />;
  }
}

/** Names with a text each, one a line: `naam = /pad`. */
function PairsField({ label, value, onChange, help }: { label: string; value: Record<string, string>; onChange: (pairs: Record<string, string>) => void; help?: string }) {
  const { t } = useWords();
  const [typed, setTyped] = useState(Object.entries(value).map(([name, text]) => `${name} = ${text}`).join("\n"));
  return <TextField label={label} mono lines={2} value={typed} help={help ?? t("form.pairs")} onChange={(text) => {
    setTyped(text);
    onChange(Object.fromEntries(text.split("\n").map((line) => line.split("=")).filter((parts) => parts[0]?.trim()).map(([name, ...rest]) => [name!.trim(), rest.join("=").trim()])));
  }} />;
}

function WebhookFields({ tab, setting, facts }: { tab: string; setting: Setting; facts?: AppFacts | undefined }) {
  const { t, language } = useWords();
  const { s, set, wrong, plan, path, scope } = setting;
  const method = s.method === "GET" ? "GET" : "POST";
  const timeout = typeof s.timeout === "number" ? s.timeout : 2;
  if (tab === "sends") return method === "GET" ? <p className="quiet">{t("form.sends_get")}</p> : <WhatWeSend plan={plan} path={path} />;
  if (tab === "fails")
    return (
      <>
        <p className="quiet">{t("form.fails_help")}</p>
        <BranchList setting={setting} />
        <NumberField label={t("form.retries")} value={s.retries as number | undefined} min={0} max={3} placeholder="0" onChange={(value) => set("retries", value || undefined)} wrong={wrong("retries")} />
        <TextField label={t("form.fallback_url")} mono value={String(s.fallback_url ?? "")} onChange={(url) => set("fallback_url", url)} wrong={wrong("fallback_url")} />
        <NumberField label={t("form.cache")} unit="s" value={s.cache as number | undefined} min={0} max={86400} placeholder="0" onChange={(value) => set("cache", value || undefined)} wrong={wrong("cache")} />
        <CheckField label={t("form.early")} value={s.early === true} onChange={(on) => set("early", on || undefined)} />
        <PairsField label={t("form.extract")} help="ticket = /ticket/number" value={(s.extract as Record<string, string> | undefined) ?? {}} onChange={(pairs) => set("extract", Object.keys(pairs).length ? pairs : undefined)} />
        <PairsField label={t("form.headers")} help="X-Api-Key = secret:NAAM" value={(s.headers as Record<string, string> | undefined) ?? {}} onChange={(pairs) => set("headers", Object.keys(pairs).length ? pairs : undefined)} />
        <TextField label={t("form.secret")} mono placeholder="secret:crm" value={[s.secret ?? []].flat().join(", ")} onChange={(secret) => set("secret", secret)} wrong={wrong("secret")} />
        <SchemaFields setting={setting} facts={facts} only={[]} />
      </>
    );
  const used = typeof s.save_as === "string" && s.save_as ? stepsThatRead(plan, path, s.save_as) : [];
  return (
    <>
      <Field label={t("form.method")}>
        {() => (
          <div className="row" style={{ gap: 12, alignItems: "flex-start" }}>
            <Segments label={t("form.method")} value={method} options={[["GET", "GET"], ["POST", "POST"]]} onChange={(value) => set("method", value)} />
            <span className="help quiet" style={{ fontSize: 12.5, lineHeight: "18px" }}>{t(method === "POST" ? "form.post_help" : "form.get_help")}</span>
          </div>
        )}
      </Field>
      <TextField label={t("form.url")} mono value={String(s.url ?? "")} onChange={(url) => set("url", url.trim())} wrong={wrong("url")} after={<InsertField scope={scope} onInsert={(name) => set("url", String(s.url ?? "") + name)} />} />
      <div className="field">
        <div className="row"><label className="label grow" htmlFor="wait">{t("form.timeout")}</label>
          <span className="with-unit"><input className="input" style={{ width: 64 }} type="number" aria-label={`${t("form.timeout")}, s`} min={1} max={10} step={0.5} value={timeout} onChange={(event) => set("timeout", event.target.value === "" ? undefined : event.target.valueAsNumber)} /><span className="unit" aria-hidden>s</span></span>
        </div>
        <input id="wait" className="slider" type="range" min={1} max={10} step={0.5} value={timeout} onChange={(event) => set("timeout", event.target.valueAsNumber)} />
        <div className="ticks" aria-hidden>{[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((tick) => <span key={tick}>{tick}</span>)}</div>
        {wrong("timeout") && <p className="wrong">{wrong("timeout")}</p>}
        <p className="help">{t("form.timeout_help")}</p>
      </div>
      <TextField label={t("form.save_as")} mono value={String(s.save_as ?? "")} onChange={(name) => set("save_as", name)} wrong={wrong("save_as")}
        help={setBy({ webhook: s }).length ? (used.length ? t("form.used_in", { steps: new Intl.ListFormat(language).format(used) }) : t("form.unused")) : undefined} />
      <TryWebhook plan={plan} path={path} settings={s} />
    </>
  );
}

/** The numbers of the steps in the same plan that read a variable. */
function stepsThatRead(plan: Plan, path: string, name: string): string[] {
  const keys = keysOf(path);
  const top = keys[0] === "dial_plans" ? `dial_plans[${keys[1]}].route` : "";
  if (!top) return [];
  const numbers = stepNumbers(routeAt(plan, top), top);
  return [...everyItem(routeAt(plan, top), top)].filter(({ item }) => readBy(item).includes(name)).map((entry) => numbers.get(entry.path) ?? "").filter(Boolean);
}

function BranchList({ setting }: { setting: Setting }) {
  const { language, t } = useWords();
  const { s, set } = setting;
  return (
    <div className="stack" style={{ gap: 8 }}>
      {(["on_timeout", "on_error", "on_ok"] as const).map((name) => {
        const exit = { on_timeout: "timeout", on_error: "error", on_ok: "ok" }[name];
        const has = s[name] !== undefined;
        return <div className="row" key={name}><span className="exit-label">{exitWords(exit, language)}</span><span className="grow" />
          {has ? <span className="quiet">{t(asRoute(s[name]).length === 1 ? "editor.steps_one" : "editor.steps_other", { count: asRoute(s[name]).length })}</span>
            : <button type="button" className="button small" onClick={() => set(name, [{ announce: { say: "" } }])}>{t("editor.add_here")}</button>}</div>;
      })}
    </div>
  );
}

const YES_OR_NO = new Set(["is_set", "anonymous", "internal", "mobile"]);
const LISTS = new Set(["one_of", "country"]);

const OPERATOR_WORDS: Record<string, [string, string]> = {
  equals: ["is gelijk aan", "is equal to"], one_of: ["is een van", "is one of"], starts_with: ["begint met", "starts with"], ends_with: ["eindigt op", "ends with"],
  contains: ["bevat", "contains"], matches: ["past op patroon", "matches pattern"], is_set: ["is bekend", "is set"], less_than: ["is kleiner dan", "is less than"],
  at_most: ["is hoogstens", "is at most"], more_than: ["is groter dan", "is more than"], at_least: ["is minstens", "is at least"], between: ["ligt tussen", "is between"],
  anonymous: ["nummer is verborgen", "number is withheld"], internal: ["belt een collega", "a colleague calls"], country: ["komt uit land", "is from country"], mobile: ["is mobiel", "is a mobile"],
};

function ConditionFields({ setting }: { setting: Setting }) {
  const { t } = useWords();
  const { s, set, path } = setting;
  const { draft } = useDraft();
  const mode = Array.isArray(s.all) ? "all" : Array.isArray(s.any) ? "any" : "one";
  const tests = mode === "one" ? [s] : (s[mode] as Settings[]);
  const kept = (from: Settings): Settings => Object.fromEntries(Object.entries(from).filter(([name]) => name === "then" || name === "else" || (name === "invert" && mode !== "one")));
  const replace = (next: Settings, mark: string): void => draft.edit(put(draft.plan, [...keysOf(path), "condition"], next), path, mark);
  const test = (index: number, next: Settings): void => {
    if (mode === "one") replace({ ...next, ...kept(s) }, `${path}.test`);
    else set(mode, tests.map((own, at) => (at === index ? next : own)));
  };
  const switchTo = (next: "one" | "all" | "any"): void => {
    if (next === mode) return;
    const branches = Object.fromEntries(Object.entries(s).filter(([name]) => name === "then" || name === "else"));
    const list = tests.map((own) => Object.fromEntries(Object.entries(own).filter(([name]) => !["then", "else"].includes(name))));
    replace(next === "one" ? { ...list[0], ...branches } : { [next]: list, ...branches }, "");
  };
  return (
    <>
      <Segments label={t("form.operator")} value={mode} options={[["one", t("form.one_test")], ["all", t("form.all_tests")], ["any", t("form.any_test")]]} onChange={switchTo} />
      {tests.map((own, index) => (
        <div key={index} className={mode === "one" ? "stack" : "test-of"}>
          <TestFields test={own} setting={setting} where={mode === "one" ? "" : `${mode}[${index}].`} onChange={(next) => test(index, next)} />
          {mode !== "one" && tests.length > 1 && <button type="button" className="link" onClick={() => set(mode, tests.filter((_, at) => at !== index))}>{t("action.delete")}</button>}
        </div>
      ))}
      {mode !== "one" && <button type="button" className="button" onClick={() => set(mode, [...tests, { variable: "caller_number", equals: "" }])}>{t("form.add_test")}</button>}
      {mode !== "one" && <CheckField label={t("form.invert")} value={s.invert === true} onChange={(on) => set("invert", on || undefined)} />}
    </>
  );
}

function TestFields({ test, setting, where, onChange }: { test: Settings; setting: Setting; where: string; onChange: (test: Settings) => void }) {
  const { t, language } = useWords();
  const operator = operatorOf(test) || "equals";
  const value = test[operator];
  const clean = (): Settings => Object.fromEntries(Object.entries(test).filter(([name]) => !OPERATORS.includes(name)));
  const choose = (next: string): void => {
    const first = YES_OR_NO.has(next) ? true : LISTS.has(next) ? [value ?? ""].flat().map(String).filter(Boolean) : next === "between" ? ["0", "0"] : String([value ?? ""].flat()[0] === true ? "" : ([value ?? ""].flat()[0] ?? ""));
    onChange({ ...clean(), [next]: first });
  };
  const say = (next: unknown): void => onChange({ ...test, [operator]: next });
  const wrong = setting.wrong(`${where}${operator}`);
  return (
    <>
      <VariablePicker value={String(test.variable ?? "caller_number")} scope={setting.scope} onChange={(variable) => onChange({ ...test, variable })} wrong={setting.wrong(`${where}variable`)} />
      <SelectField label={t("form.operator")} value={operator} options={OPERATORS.map((name) => [name, OPERATOR_WORDS[name]![language === "nl" ? 0 : 1]] as const)} onChange={choose} />
      {LISTS.has(operator) ? <ListField label={t("form.values")} value={[value ?? []].flat().map(String)} onChange={say} wrong={wrong} />
        : operator === "between" ? <div className="row"><TextField label={t("form.from")} value={String((value as unknown[] | undefined)?.[0] ?? "")} onChange={(low) => say([low, (value as unknown[] | undefined)?.[1] ?? ""])} wrong={wrong} /><TextField label={t("form.to")} value={String((value as unknown[] | undefined)?.[1] ?? "")} onChange={(high) => say([(value as unknown[] | undefined)?.[0] ?? "", high])} /></div>
        : YES_OR_NO.has(operator) ? null
        : <TextField label={t("form.value")} mono={operator === "matches"} value={String(value ?? "")} onChange={say} wrong={wrong} />}
      {["equals", "one_of", "starts_with", "ends_with", "contains"].includes(operator) && <CheckField label={t("form.ignore_case")} value={test.ignore_case === true} onChange={(on) => onChange(without({ ...test, ignore_case: on }, on ? "" : "ignore_case"))} />}
      <CheckField label={t("form.invert")} value={test.invert === true} onChange={(on) => onChange(without({ ...test, invert: on }, on ? "" : "invert"))} />
    </>
  );
}

const without = (test: Settings, name: string): Settings => Object.fromEntries(Object.entries(test).filter(([own]) => own !== name));

function PromptFields({ setting }: { setting: Setting }) {
  const { t } = useWords();
  const { s, set, wrong, scope, path } = setting;
  const { draft } = useDraft();
  const mode = s.file !== undefined ? "file" : "say";
  const says = String(s.say ?? "");
  return (
    <>
      <Segments label={t("form.say_or_file")} value={mode} options={[["say", t("form.spoken")], ["file", t("form.file")]]} onChange={(next) => {
        const own = change(change(draft.plan, path, mode, undefined), path, next, next === "say" ? " " : "geluid.wav");
        draft.edit(own, path);
      }} />
      {mode === "say"
        ? <TextField label={t("form.spoken")} lines={4} value={says.trimStart()} onChange={(text) => set("say", text || " ")} wrong={wrong("say")} after={<InsertField scope={scope} onInsert={(name) => set("say", says + name)} />} />
        : <SoundPicker label={t("form.file")} company={draft.company} value={String(s.file ?? "")} onChange={(file) => set("file", file)} wrong={wrong("file")} />}
      {mode === "say" && <SelectField label={t("form.language")} value={String(s.language ?? "")} options={[["", t("form.company_language")], ["nl", "Nederlands"], ["en", "English"]]} onChange={(language) => set("language", language)} />}
      <CheckField label={t("form.answer")} value={s.answer !== false} onChange={(on) => set("answer", on ? undefined : false)} />
    </>
  );
}

function GotoFields({ setting }: { setting: Setting }) {
  const { t } = useWords();
  const { s, plan, path, wrong } = setting;
  const { draft } = useDraft();
  const menu = /^ivr_menus\[(\d+)\]/.exec(path);
  const kind = s.context !== undefined ? "context" : s.menu !== undefined ? "menu" : "dial_plan";
  const names = { dial_plan: plan.dial_plans?.map(({ name }) => name) ?? [], menu: plan.ivr_menus?.map(({ name }) => name) ?? [], context: menu ? Object.keys(plan.ivr_menus?.[Number(menu[1])]?.contexts ?? {}) : [] };
  const go = (next: string, name: string): void => draft.edit(put(draft.plan, [...keysOf(path), "goto"], { [next]: name }), path);
  return (
    <>
      <Segments label={t("form.where_to")} value={kind} options={[...(menu ? [["context", t("form.context")] as const] : []), ["dial_plan", t("form.dial_plan")], ["menu", t("form.menu")]]} onChange={(next) => go(next, names[next as "menu"][0] ?? "")} />
      <NamePicker label={t("form.where_to")} value={String(s[kind] ?? "")} names={names[kind as "menu"]} onChange={(name) => go(kind, name)} wrong={wrong(kind)} />
    </>
  );
}

function WithinFields({ setting }: { setting: Setting }) {
  const { t, language } = useWords();
  const { s, set, wrong } = setting;
  const found = /^(\d+)([dhm])$/.exec(String(s.within ?? "30d"));
  const [amount, unit] = [Number(found?.[1] ?? 30), found?.[2] ?? "d"];
  const units = language === "nl" ? [["d", "dagen"], ["h", "uur"], ["m", "minuten"]] as const : [["d", "days"], ["h", "hours"], ["m", "minutes"]] as const;
  return (
    <>
      <div className="row" style={{ alignItems: "flex-end" }}>
        <NumberField label={t("form.within")} value={amount} min={1} onChange={(value) => set("within", `${value ?? 1}${unit}`)} wrong={wrong("within")} />
        <Segments label={t("form.within")} value={unit} options={units} onChange={(next) => set("within", `${amount}${next}`)} />
      </div>
      <NumberField label={t("form.ring_for")} unit="s" value={s.timeout as number | undefined} placeholder="25" min={1} max={600} onChange={(value) => set("timeout", value)} wrong={wrong("timeout")} />
    </>
  );
}
