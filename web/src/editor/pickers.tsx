/** Choosing what the company has: numbers, variables, names. */

import { useId, useRef, useState } from "react";
import { Braces } from "lucide-react";
import { CALL_DATA } from "../plan/scope";
import { destination, spoken, strategyWords } from "../plan/sentence";
import { shown } from "../plan/number";
import type { Plan } from "../plan/types";
import { useWords } from "../words";
import { Field, Menu, SelectField, Tile } from "../ui/parts";

export interface Choice { value: string; name: string; hint: string; app: string; heading: string }

/** Everything with a number of its own. */
export function numbersOf(plan: Plan, kinds: readonly string[], words: { t: ReturnType<typeof useWords>["t"]; language: "nl" | "en" }): Choice[] {
  const { t, language } = words;
  const found: Choice[] = [];
  const add = (kind: string, heading: string, app: string, entries: { name: string; number?: string }[] | undefined, hint: (entry: { name: string; number?: string }) => string): void => {
    if (kinds.includes(kind)) for (const entry of entries ?? []) if (entry.number) found.push({ value: entry.number, name: entry.name, hint: hint(entry), app, heading });
  };
  add("user", t("people.users"), "connect", plan.users, (entry) => entry.number!);
  add("group", t("people.groups"), "ring_group", plan.ring_groups, (entry) => `${entry.number} · ${strategyWords((entry as { strategy?: string }).strategy, language)}`);
  add("queue", t("people.queues"), "queue", plan.queues, (entry) => entry.number!);
  add("voicemail", t("people.voicemail"), "voicemail", plan.voicemail_boxes, (entry) => entry.number!);
  add("plan", t("nav.plans"), "goto", plan.dial_plans?.map(({ name, internal_number }) => ({ name, ...(internal_number ? { number: internal_number } : {}) })), (entry) => entry.number!);
  return found;
}

/** A field that knows the company: type a name or a number, or choose. */
export function NumberPicker({ label, value, onChange, plan, kinds, variables = [], help, wrong, outside = true }: {
  label: string; value: string; onChange: (value: string) => void; plan: Plan; kinds: readonly string[]; variables?: readonly string[]; help?: string; wrong?: string | undefined; outside?: boolean;
}) {
  const words = useWords();
  const { t } = words;
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState<string | null>(null);
  const [at, setAt] = useState(-1);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const named = (number: string): string => {
    const found = destination(plan, number);
    return found ? `${found.name} · ${number}` : shown(number, plan.company.country);
  };
  const choices: Choice[] = [
    ...numbersOf(plan, kinds, words),
    ...variables.map((name) => ({ value: `{${name}}`, name: `{${name}}`, hint: "", app: "webhook", heading: t("form.variables") })),
  ];
  const query = (typed ?? "").toLowerCase().trim();
  const found = choices.filter((choice) => !query || choice.name.toLowerCase().includes(query) || choice.value.includes(query));
  const choose = (picked: string): void => { onChange(picked); setTyped(null); setOpen(false); setAt(-1); };
  const settle = (): void => {
    setOpen(false);
    if (typed === null) return;
    const exact = found.find((choice) => choice.name.toLowerCase() === query || choice.value === query);
    if (exact) choose(exact.value);
    else if (outside || /^\d*$/.test(query)) choose(typed.trim());
    else if (found.length === 1) choose(found[0]!.value);
    else setTyped(null);
  };
  return (
    <Field label={label} help={help} wrong={wrong}>
      {(ids) => (
        <div className="suggest" ref={box}>
          <input
            {...ids} className="input" role="combobox" aria-expanded={open} aria-controls={list} aria-autocomplete="list" autoComplete="off"
            aria-activedescendant={open && at >= 0 ? `${list}-${at}` : undefined}
            value={typed ?? (value ? named(value) : "")} placeholder={t("form.choose")}
            onFocus={(event) => { setOpen(true); event.target.select(); }}
            onChange={(event) => { setTyped(event.target.value); setOpen(true); setAt(-1); if (event.target.value === "") onChange(""); }}
            onBlur={settle}
            onKeyDown={(event) => {
              if (event.key === "ArrowDown" || event.key === "ArrowUp") {
                event.preventDefault();
                setOpen(true);
                setAt((at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % Math.max(1, found.length));
              } else if (event.key === "Enter") {
                event.preventDefault();
                if (open && found[at]) choose(found[at].value);
                else if (open && query && found[0]) choose(found[0].value);
                else settle();
              } else if (event.key === "Escape" && open) { event.stopPropagation(); setOpen(false); setTyped(null); }
            }}
          />
          {open && (
            <div className="suggestions" role="listbox" id={list} aria-label={label}>
              {found.map((choice, index) => (
                <div key={choice.value}>
                  {found[index - 1]?.heading !== choice.heading && <h4 aria-hidden>{choice.heading}</h4>}
                  <div role="option" id={`${list}-${index}`} aria-selected={index === at} onPointerDown={(event) => { event.preventDefault(); choose(choice.value); }}>
                    <Tile app={choice.app} small /><span className={choice.app === "webhook" ? "variable" : "ellipsis"}>{choice.name}</span><span className="hint">{choice.hint}</span>
                  </div>
                </div>
              ))}
              {found.length === 0 && <p className="quiet" style={{ padding: 7 }}>{outside && query ? typed : t("form.nothing_to_choose")}</p>}
            </div>
          )}
        </div>
      )}
    </Field>
  );
}

/** Exactly what is in scope: answers of webhooks above, and the call's own data. */
export function VariablePicker({ value, onChange, scope, wrong }: { value: string; onChange: (name: string) => void; scope: readonly string[]; wrong?: string | undefined }) {
  const { t, language } = useWords();
  const known = [...scope, ...CALL_DATA];
  return (
    <Field label={t("form.variable")} wrong={wrong}>
      {(ids) => (
        <select {...ids} className="select" value={value} onChange={(event) => onChange(event.target.value)}>
          {!known.includes(value) && <option value={value}>{value}</option>}
          {scope.length > 0 && <optgroup label={t("form.variables")}>{scope.map((name) => <option key={name} value={name}>{name}</option>)}</optgroup>}
          <optgroup label={t("form.call_data")}>{CALL_DATA.map((name) => <option key={name} value={name}>{spoken(name, language).text}</option>)}</optgroup>
        </select>
      )}
    </Field>
  );
}

/** Puts `{name}` into a text. */
export function InsertField({ scope, onInsert }: { scope: readonly string[]; onInsert: (text: string) => void }) {
  const { t, language } = useWords();
  return (
    <Menu label={t("form.insert")} className="link" button={<><Braces size={14} aria-hidden />{t("form.insert")}</>}>
      {(close) => [...scope, ...CALL_DATA].map((name) => (
        <button key={name} type="button" onClick={() => { onInsert(`{${name}}`); close(); }}><span className="variable">{name}</span><span className="hint">{spoken(name, language).as === "text" ? spoken(name, language).text : ""}</span></button>
      ))}
    </Menu>
  );
}

export function NamePicker({ label, value, names, onChange, wrong }: { label: string; value: string; names: readonly string[]; onChange: (name: string) => void; wrong?: string | undefined }) {
  const { t } = useWords();
  const known: (readonly [string, string])[] = names.map((name) => [name, name]);
  return <SelectField label={label} value={value} onChange={onChange} wrong={wrong} help={names.length === 0 ? t("form.nothing_to_choose") : undefined} options={[...(value && names.includes(value) ? [] : [[value, value || t("form.choose")] as const]), ...known]} />;
}
