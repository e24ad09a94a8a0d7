/** A list at the left, the chosen entry at the right: how everything of a company that has a name is kept. */

import { Plus, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import { FormFoot } from "../editor/form";
import { useDraft } from "../editor/draft";
import { explain } from "../plan/problems";
import { put } from "../plan/path";
import { appOf, everyItem, settingsOf } from "../plan/route";
import type { Plan, Problem } from "../plan/types";
import { Dialog, Tile, toast } from "../ui/parts";
import { useWords } from "../words";

export type Entry = Record<string, unknown> & { name: string; number?: string };

export interface EntryForm { entry: Entry; index: number; set: (field: string, value: unknown) => void; wrong: (field: string) => string | undefined; plan: Plan }

/** Where a number or a name of the company is used, in words. */
function usedIn(plan: Plan, section: string, entry: Entry): string[] {
  const found = new Set<string>();
  const number = entry.number;
  const uses = (value: unknown): boolean => (typeof value === "string" ? value === number : Array.isArray(value) ? value.some(uses) : !!value && typeof value === "object" && Object.values(value).some(uses));
  for (const own of plan.dial_plans ?? [])
    for (const { item } of everyItem(own.route ?? [], "")) {
      const s = settingsOf(item);
      const app = appOf(item);
      if ((number && ((app === "connect" && s.to === number) || (app === "queue" && s.number === number) || (app === "voicemail" && s.box === number))) || (section === "time_conditions" && app === "time" && s.when === entry.name) || (section === "diversions" && app === "diversion" && s.name === entry.name)) found.add(own.name);
    }
  for (const menu of plan.ivr_menus ?? []) if (number && uses(menu.contexts)) found.add(menu.name);
  for (const group of plan.ring_groups ?? []) if (section === "users" && number && group.members?.includes(number)) found.add(group.name);
  for (const queue of plan.queues ?? []) if (section === "users" && number && queue.agents?.some((agent) => agent.user === number)) found.add(queue.name);
  if (number && plan.company.last_resort === number) found.add(plan.company.name);
  return [...found];
}

export function Entries({ section, base, chosen, app, addWord, fresh, keyOf, form, after, dot }: {
  section: keyof Plan & string; base: string; chosen: string | undefined; app: string; addWord: string; fresh: (plan: Plan) => Entry; keyOf: (entry: Entry) => string; form: (form: EntryForm) => ReactNode; after?: (form: EntryForm) => ReactNode; dot?: (entry: Entry) => ReactNode;
}) {
  const { t, language } = useWords();
  const { draft, state } = useDraft();
  const [, navigate] = useLocation();
  const [query, setQuery] = useState("");
  const [asking, setAsking] = useState<{ index: number; places: string[] } | null>(null);
  const { readOnly } = state!;
  const plan = state!.history.now.plan;
  const entries = ((plan as unknown as Record<string, Entry[]>)[section] ?? []);
  const index = entries.findIndex((entry) => keyOf(entry) === chosen);
  const entry = entries[index];
  const problemsOf = (at: number): Problem[] => state!.problems.filter((problem) => problem.path.startsWith(`${section}[${at}]`));
  const add = (): void => {
    const made = fresh(draft.plan);
    draft.edit(put(draft.plan, [section], [...entries, made]), "");
    navigate(`${base}/${encodeURIComponent(keyOf(made))}`);
  };
  const drop = (at: number): void => {
    const gone = entries[at]!;
    draft.edit(put(draft.plan, [section], entries.filter((_, own) => own !== at)), "");
    toast(t("editor.removed", { title: gone.name }), { words: t("action.undo"), run: () => draft.undo() });
    setAsking(null);
    navigate(base);
  };
  const set = (field: string, value: unknown): void => {
    const old = draft.plan as unknown as Record<string, Entry[]>;
    const before = old[section]![index]!;
    let next = put(draft.plan, [section, index, field], value === "" || (Array.isArray(value) && !value.length && field !== "members") ? undefined : value);
    // What is referred to by name or number keeps its references when it is renamed.
    if ((field === "number" || field === "name") && typeof value === "string" && value && before[field]) next = renamed(next, section, field, String(before[field]), value);
    draft.edit(next, undefined, `${section}.${index}.${field}`);
    const after = (next as unknown as Record<string, Entry[]>)[section]![index]!;
    if (keyOf(after) !== keyOf(before)) navigate(`${base}/${encodeURIComponent(keyOf(after))}`, { replace: true });
  };
  const wrong = (field: string): string | undefined => {
    const found = problemsOf(index).find((problem) => problem.severity === "error" && (problem.path === `${section}[${index}].${field}` || problem.path.startsWith(`${section}[${index}].${field}[`) || problem.path.startsWith(`${section}[${index}].${field}.`)));
    return found && explain(found, plan, language).text;
  };
  const shown = entries.map((one, at) => ({ one, at })).filter(({ one }) => !query || one.name.toLowerCase().includes(query.toLowerCase()) || one.number?.includes(query));
  const current: EntryForm | undefined = entry && { entry, index, set, wrong, plan };
  return (
    <div className="columns">
      <section className="panel">
        <header><input className="input grow" type="search" style={{ height: 32 }} value={query} onChange={(event) => setQuery(event.target.value)} placeholder={t("action.search")} aria-label={t("action.search")} />{!readOnly && <button type="button" className="button small" onClick={add}><Plus size={15} aria-hidden />{addWord}</button>}</header>
        <ul className="entry-list">
          {shown.map(({ one, at }) => (
            <li key={at}><Link href={`${base}/${encodeURIComponent(keyOf(one))}`} aria-current={at === index}><Tile app={app} small /><span className="two grow" style={{ minWidth: 0 }}><b className="ellipsis">{one.name || "…"}</b><span>{one.number ?? ""}</span></span>{problemsOf(at).some((problem) => problem.severity === "error") && <span className="badge bad round">!</span>}{dot?.(one)}</Link></li>
          ))}
          {entries.length === 0 && <li className="quiet" style={{ padding: 12 }}>{t("state.nothing")}</li>}
        </ul>
      </section>
      <div className="stack">
        {current ? (
          <section className="panel">
            <header><Tile app={app} small /><h2 className="grow ellipsis">{current.entry.name}</h2>{!readOnly && <button type="button" className="button small danger" onClick={() => { const places = usedIn(plan, section, current.entry); if (places.length) setAsking({ index, places }); else drop(index); }}><Trash2 size={14} aria-hidden />{t("action.delete")}</button>}</header>
            <fieldset className="form" key={index} disabled={readOnly}>{form(current)}{problemsOf(index).filter((problem) => !/\]\.[a-z_]/.test(problem.path)).map((problem, at) => <p key={at} style={{ color: problem.severity === "error" ? "var(--bad)" : "var(--warn)" }}>{explain(problem, plan, language).text}</p>)}</fieldset>
            <FormFoot />
          </section>
        ) : <section className="panel"><p className="empty">{t("people.none")}</p></section>}
        {current && after?.(current)}
      </div>
      {asking && <Dialog title={t("action.delete")} onClose={() => setAsking(null)} footer={<div className="row"><span className="grow" /><button type="button" className="button" onClick={() => setAsking(null)}>{t("action.cancel")}</button><button type="button" className="button danger" onClick={() => drop(asking.index)}>{t("action.delete")}</button></div>}><section><p>{t("people.in_use", { name: entries[asking.index]?.name ?? "", places: new Intl.ListFormat(language).format(asking.places) })}</p></section></Dialog>}
    </div>
  );
}

/** Everything that refers to an entry, by its new number or name. */
function renamed(plan: Plan, section: string, field: string, from: string, to: string): Plan {
  const byNumber = field === "number";
  const settings: Record<string, [string, string][]> = {
    users: [["connect", "to"]], ring_groups: [["connect", "to"]], queues: [["queue", "number"], ["connect", "to"]], voicemail_boxes: [["voicemail", "box"]],
    time_conditions: [["time", "when"]], diversions: [["diversion", "name"]],
  };
  const relevant = (settings[section] ?? []).filter(() => byNumber === ["users", "ring_groups", "queues", "voicemail_boxes"].includes(section));
  if (!relevant.length) return plan;
  const visit = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((part) => (section === "users" && key === "members" && part === from ? to : visit(part, key)));
    if (!value || typeof value !== "object") return section === "users" && (key === "user") && value === from ? to : value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => {
      const uses = relevant.find(([app]) => app === name);
      if (uses && part && typeof part === "object" && (part as Record<string, unknown>)[uses[1]] === from) return [name, { ...(visit(part, name) as object), [uses[1]]: to }];
      return [name, visit(part, name)];
    }));
  };
  const copy = visit(plan, "") as Plan;
  return byNumber && copy.company.last_resort === from ? put(copy, ["company", "last_resort"], to) : copy;
}
