/** The simulator as a telephone: choose who calls, press keys, watch the call walk the cards. */

import { Phone, PhoneOff, RotateCcw, Volume2, X, BookmarkPlus, Clock3, Check, AudioLines } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { post, Refused } from "../api/client";
import type { TraceStep, Walk } from "../api/types";
import { shown, shownAbroad } from "../plan/number";
import { appOf, everyItem, itemAt, itemPathOf, routeAt } from "../plan/route";
import { setBy } from "../plan/scope";
import { destination, exitWords } from "../plan/sentence";
import type { DialPlan, Language, Plan } from "../plan/types";
import { clock, lasted, minutes, reasonWords, useWords, type Words } from "../words";
import { Segments, toast } from "../ui/parts";
import { type Draft, useDraft } from "./draft";
import type { Walked } from "./route-view";

type Mode = "real" | "fixed" | "late" | "error";
type Does = "answer" | "no_answer" | "busy";
interface Asked { from: string; at: string; press: string; replies: Record<string, { mode: Mode; text: string }>; people: Does; speed: "skip" | "real"; hangUpAfter?: number | undefined }

export interface TestCallState {
  open: boolean; setOpen: (open: boolean) => void;
  asked: Asked; ask: (change: Partial<Asked>) => void;
  walk: Walk | null; wrong: string; busy: boolean; upTo: number; took: number; startedAt: number;
  run: (plan: DialPlan, again?: Partial<Asked>) => void;
  keep: (plan: DialPlan) => Promise<void>;
  trace: (top: string, plan: Plan) => ReadonlyMap<string, Walked>;
  begin: (plan: DialPlan) => ReactNode;
}

const STEP = 160; // ms a card, when waiting is skipped

export function useTestCall(): TestCallState {
  const { language, t } = useWords();
  const { draft, state } = useDraft();
  const [open, setOpenNow] = useState(false);
  const [asked, setAsked] = useState<Asked>({ from: "", at: "", press: "", replies: {}, people: "answer", speed: "skip" });
  const [walk, setWalk] = useState<Walk | null>(null);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const [upTo, setUpTo] = useState(0);
  const [took, setTook] = useState(0);
  const [startedAt, setStartedAt] = useState(Date.now());
  const turn = useRef(0);
  const plan = state?.history.now.plan;

  const run = useCallback(async (own: DialPlan, again: Partial<Asked> = {}): Promise<void> => {
    const now = { ...asked, ...again };
    setAsked(now);
    setBusy(true);
    setWrong("");
    const own_turn = (turn.current += 1);
    const began = performance.now();
    try {
      await draft.save();
      const found = await post<Walk>(`/companies/${draft.company}/test-calls`, bodyOf(now, own, draft));
      if (own_turn !== turn.current) return;
      // Keys were pressed: what was walked before stays; the call goes on from there.
      const same = again.press ? sharedSteps(walk?.trace ?? [], found.trace) : 0;
      setTook(performance.now() - began);
      setStartedAt(now.at ? new Date(now.at).getTime() : Date.now());
      setWalk(found);
      setUpTo(same);
    } catch (error) {
      if (own_turn !== turn.current) return;
      setWalk(null);
      setWrong(error instanceof Refused ? (error.problem.problems?.length ? t("publish.problems") : error.message) : t("state.offline"));
    } finally { if (own_turn === turn.current) setBusy(false); }
  }, [asked, draft, t, walk]);

  // The same call again, at the server, which writes down what has to happen from now on.
  const keep = useCallback(async (own: DialPlan): Promise<void> => {
    try {
      const made = await post<{ name: string }>(`/companies/${draft.company}/scenarios/record`, { test_call: bodyOf(asked, own, draft) });
      toast(t("test.kept", { name: made.name }));
    } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); }
  }, [asked, draft, t]);

  useEffect(() => {
    if (!walk || upTo >= walk.trace.length) return;
    const step = walk.trace[upTo]!;
    const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const wait = asked.speed === "real" ? Math.min(60_000, step.duration_ms ?? 0) + 200 : reduced ? 0 : STEP;
    const timer = setTimeout(() => setUpTo((now) => now + 1), wait);
    return () => clearTimeout(timer);
  }, [walk, upTo, asked.speed]);

  const setOpen = useCallback((next: boolean): void => {
    setOpenNow(next);
    if (!next) { setWalk(null); setUpTo(0); setAsked((now) => ({ ...now, press: "", hangUpAfter: undefined })); }
    else setAsked((now) => ({ ...now, from: now.from || draft.plan.phone_book?.[0]?.number || "+31612345678" }));
  }, [draft]);

  const trace = useCallback((top: string, plan: Plan) => walked(walk, upTo, plan, top, language, t), [walk, upTo, language, t]);
  const begin = useCallback((own: DialPlan): ReactNode => {
    const total = walk ? Math.max(0, ...walk.trace.map((step) => step.started_ms + (step.duration_ms ?? 0))) : 0;
    const name = plan?.phone_book?.find((entry) => entry.number.replace(/\D/g, "").endsWith(asked.from.replace(/\D/g, "").slice(-9)) && asked.from)?.name;
    return (
      <div className="rail-end step walked">
        <span className="stamp" style={{ top: 6 }}>{clock(startedAt, language, true)}</span>
        <span className="node" style={{ marginTop: 4 }}><Phone size={13} aria-hidden /></span>
        <span className="row"><span className="grow"><b>{name ?? (asked.from ? shown(asked.from, plan?.company.country) : t("test.anonymous"))}</b> {t("test.calls")} {own.external_numbers?.[0] ? shownAbroad(own.external_numbers[0]) : own.internal_number}</span>
          {walk && asked.speed === "skip" && <span className="badge accent round"><Clock3 size={14} aria-hidden />{t("test.took", { length: total < 120_000 ? lasted(total, language) : minutes(total / 1000), took: lasted(took, language) })}</span>}</span>
      </div>
    );
  }, [walk, asked, startedAt, took, language, plan, t]);
  return { open, setOpen, asked, ask: (change) => setAsked((now) => ({ ...now, ...change })), walk, wrong, busy, upTo, took, startedAt, run: (own, again) => void run(own, again), keep, trace, begin };
}

function bodyOf(asked: Asked, own: DialPlan, { plan, source }: Draft): Record<string, unknown> {
  const set = Object.entries(asked.replies).filter(([, reply]) => reply.mode !== "real");
  const replies = Object.fromEntries(set.map(([name, reply]) => [name, reply.mode === "fixed" ? reply.text : { exit: reply.mode === "late" ? "timeout" : "error" }]));
  const answers = asked.people === "answer" ? {} : Object.fromEntries((plan.users ?? []).map((user) => [user.number, asked.people]));
  return {
    to: own.external_numbers?.[0] ?? own.internal_number ?? "", from: asked.from, press: asked.press, draft: source === "draft", replies, answers,
    ...(asked.at ? { at: asked.at } : {}), ...(asked.hangUpAfter ? { hang_up_after: asked.hangUpAfter } : {}),
  };
}

function sharedSteps(before: readonly TraceStep[], after: readonly TraceStep[]): number {
  let count = 0;
  while (count < before.length && count < after.length && before[count]!.path === after[count]!.path && before[count]!.exit === after[count]!.exit) count += 1;
  return Math.max(0, count - 1);
}

/** The trace as marks on cards. An item walked twice keeps its last result and says how often. */
export function walked(walk: Pick<Walk, "trace" | "variables"> | null, upTo: number, plan: Plan, top: string, language: Language, t: Words["t"], finished = false): ReadonlyMap<string, Walked> {
  const marks = new Map<string, Walked>();
  // In the order of walking; a card that was walked twice stands where it was walked last.
  const steps = walk?.trace.slice(0, finished ? walk.trace.length : upTo + 1) ?? [];
  const here = steps.filter((step) => step.path.startsWith(top));
  here.forEach((step) => {
    const path = itemPathOf(plan, step.path);
    if (!path) return;
    const times = (marks.get(path)?.times ?? 0) + 1;
    marks.delete(path);
    const current = steps.at(-1) === step && !finished && upTo < (walk?.trace.length ?? 0);
    marks.set(path, {
      stamp: lastedSeconds(step.started_ms, language), result: current ? <span className="result-chip now"><AudioLines size={14} aria-hidden />{t("test.here")}</span> : result(step, walk!.variables, plan, language, t),
      now: current, times, last: false,
    });
  });
  const lastHere = here.at(-1);
  const lastPath = lastHere && itemPathOf(plan, lastHere.path);
  if (lastPath && marks.has(lastPath)) marks.set(lastPath, { ...marks.get(lastPath)!, last: true });
  return marks;
}

export const lastedSeconds = (ms: number, language: Language): string => `${(ms / 1000).toLocaleString(language === "nl" ? "nl-NL" : "en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 })} s`;

function result(step: TraceStep, variables: Record<string, string>, plan: Plan, language: Language, t: Words["t"]): ReactNode {
  const exit = step.exit ?? "";
  if (step.app === "webhook") {
    const item = itemAt(plan, itemPathOf(plan, step.path));
    const name = item ? setBy(item)[0] : undefined;
    if (exit === "ok") return <>{name && <span className="variable">{name} = {variables[name] ?? "“”"}</span>}<span className="result-chip good"><Check size={14} aria-hidden />{lasted(step.duration_ms, language)}</span></>;
    if (exit === "timeout") return <span className="result-chip warn"><Clock3 size={14} aria-hidden />{exitWords("timeout", language)} · {lasted(step.duration_ms, language)}</span>;
    return <span className="result-chip warn">{step.detail?.reason ? reasonWords(String(step.detail.reason), t) : exitWords(exit, language)}</span>;
  }
  if (exit === "true") return <span className="result-chip yes">{exitWords(exit, language)}</span>;
  if (exit === "false") return <span className="result-chip">{exitWords(exit, language)}{step.detail?.set === false ? `, ${t("test.not_set")}` : ""}</span>;
  if (["no_answer", "busy", "failed", "full", "timeout", "error"].includes(exit)) return <span className="result-chip warn">{exitWords(exit, language)}</span>;
  if (exit === "answered") return <span className="result-chip good"><Check size={14} aria-hidden />{exitWords(exit, language)}</span>;
  return exit ? <span className="result-chip">{exitWords(exit, language)}</span> : null;
}

export function TestCall({ test, plan, own }: { test: TestCallState; plan: Plan; own: DialPlan }) {
  const { t, language } = useWords();
  const { asked, walk } = test;
  const { state } = useDraft();
  const begun = useRef(false);
  useEffect(() => { if (!begun.current) { begun.current = true; test.run(own, { press: "" }); } }, []); // eslint-disable-line
  const variables = useMemo(() => {
    const top = `dial_plans[${plan.dial_plans?.indexOf(own) ?? 0}].route`;
    const menus = (plan.ivr_menus ?? []).flatMap((menu, index) => Object.keys(menu.contexts).map((name) => `ivr_menus[${index}].contexts.${name}.start`));
    return [...new Set([top, ...menus].flatMap((route) => [...everyItem(routeAt(plan, route), route)].filter(({ item }) => appOf(item) === "webhook").flatMap(({ item }) => setBy(item).slice(0, 1))))];
  }, [plan, own]);
  const reached = walk?.trace.slice(0, test.upTo + 1) ?? [];
  const menuStep = reached.filter((step) => step.app === "menu").at(-1);
  const menuItem = menuStep && itemAt(plan, itemPathOf(plan, menuStep.path));
  const menu = plan.ivr_menus?.find((entry) => entry.name === (menuItem?.menu as { name?: string } | undefined)?.name);
  const inMenu = [...reached].reverse().find((step) => step.path.startsWith("ivr_menus"));
  const context = menu?.contexts[/contexts\.([^.[\]]+)/.exec(inMenu?.path ?? "")?.[1] ?? menu.start] ?? (menu ? menu.contexts[menu.start] : undefined);
  const labels = Object.fromEntries(Object.entries(context?.keys ?? {}).map(([key, value]) => [key, Array.isArray(value) ? "" : (value.label ?? "")]));
  const press = (key: string): void => test.run(own, { press: asked.press + key });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!/^[0-9*#]$/.test(event.key) || event.ctrlKey || event.altKey || (event.target as HTMLElement).closest?.("input, textarea, select, dialog")) return;
      event.preventDefault();
      press(event.key);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });
  const done = walk && test.upTo >= walk.trace.length;
  const ending = walk && (walk.outcome === "connected" ? `${t("outcome.connected")}: ${destination(plan, walk.answered_by ?? walk.connected_to ?? "")?.name ?? walk.connected_to ?? ""}` : t(`outcome.${walk.outcome}` as "outcome.ended"));
  const callers = plan.phone_book ?? [];
  return (
    <aside className="form-pane" aria-label={t("test.title")}>
      <header>
        <div className="grow"><h2>{t("test.title")}</h2><p>{t("test.more")}</p></div>
        <button type="button" className="button small" onClick={() => test.run(own, { press: "", hangUpAfter: undefined })}><RotateCcw size={14} aria-hidden />{t("test.again")}</button>
        <button type="button" className="icon-button" aria-label={t("action.close")} onClick={() => test.setOpen(false)}><X size={18} aria-hidden /></button>
      </header>
      <div className="fields" style={{ gap: 12, paddingTop: 4 }}>
        <label className="test-row"><span>{t("test.caller")}</span><input className="input" list="test-callers" value={asked.from} placeholder={t("test.anonymous")} onChange={(event) => test.ask({ from: event.target.value })} onBlur={() => test.run(own)} /></label>
        <datalist id="test-callers">{callers.slice(0, 100).map((entry) => <option key={entry.number} value={entry.number}>{entry.name}</option>)}</datalist>
        <label className="test-row"><span>{t("test.when")}</span><input className="input" type="datetime-local" value={asked.at} onChange={(event) => { test.run(own, { at: event.target.value }); }} aria-label={`${t("test.when")} (${t("test.now")})`} /></label>
        {variables.map((name) => {
          const reply = asked.replies[name] ?? { mode: "real" as Mode, text: "" };
          return (
            <div key={name} className="test-row" style={{ alignItems: "flex-start" }}>
              <span><span className="variable">{name}</span></span>
              <div className="stack" style={{ gap: 6 }}>
                <Segments label={name} value={reply.mode} options={[["real", t("test.real")], ["fixed", t("test.fixed")], ["late", t("test.late")], ["error", t("test.error")]]} onChange={(mode) => test.run(own, { replies: { ...asked.replies, [name]: { ...reply, mode } } })} />
                {reply.mode === "fixed" && <input className="input mono" aria-label={`${name}: ${t("test.fixed")}`} value={reply.text} autoFocus onChange={(event) => test.ask({ replies: { ...asked.replies, [name]: { ...reply, text: event.target.value } } })} onBlur={() => test.run(own)} onKeyDown={(event) => { if (event.key === "Enter") test.run(own); }} />}
              </div>
            </div>
          );
        })}
        <div className="test-row"><span>{t("test.people")}</span><Segments label={t("test.people")} value={asked.people} options={[["answer", t("test.answer")], ["no_answer", t("test.no_answer")], ["busy", t("test.busy")]]} onChange={(people) => test.run(own, { people })} /></div>
        <div className="test-row"><span>{t("test.speed")}</span><Segments label={t("test.speed")} value={asked.speed} options={[["real", "1×"], ["skip", t("test.skip")]]} onChange={(speed) => test.run(own, { speed })} /></div>
        <h3 className="row" style={{ fontSize: 13, marginTop: 8, paddingTop: 14, borderTop: "1px solid var(--line)" }}><span className="grow">{t("test.hears")}</span>{asked.press && <span className="badge mono">{asked.press}</span>}</h3>
        {test.wrong && <p role="alert" style={{ color: "var(--bad)" }}>{test.wrong}</p>}
        <ol className="heard" aria-live="polite">
          {(walk?.heard ?? []).slice(0, done ? undefined : Math.max(1, test.upTo)).map((sound, index) => <li key={index}><Volume2 size={15} aria-hidden /><span>{soundWords(sound, language)}</span></li>)}
          {!walk?.heard.length && <li className="quiet">{test.busy ? t("test.running") : t("test.silence")}</li>}
          {done && ending && <li><PhoneOff size={15} aria-hidden /><b>{ending}</b></li>}
        </ol>
        {done && walk.why && <p className="quiet">{walk.why[language]}</p>}
        <div className="keypad">
          {["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"].map((key) => (
            <button key={key} type="button" className={key in labels ? "known" : ""} onClick={() => press(key)} aria-label={`${key}${labels[key] ? ` ${labels[key]}` : ""}`}>{key}{labels[key] && <small>{labels[key]}</small>}</button>
          ))}
        </div>
        <p className="quiet" style={{ textAlign: "center", fontSize: 12.5 }}>{t("test.keys")}</p>
      </div>
      <footer>
        <button type="button" className="button danger" disabled={!walk} onClick={() => { const at = walk?.trace[Math.min(test.upTo, walk.trace.length - 1)]?.started_ms ?? 0; test.run(own, { hangUpAfter: Math.max(0.01, at / 1000) }); }}><PhoneOff size={15} aria-hidden />{t("test.hang_up")}</button>
        {!state?.readOnly && <button type="button" className="button" disabled={!walk} onClick={() => void test.keep(own)}><BookmarkPlus size={15} aria-hidden />{t("test.scenario")}</button>}
      </footer>
    </aside>
  );
}

const SOUNDS: Record<string, [string, string]> = { ringing: ["De telefoon gaat over", "Ringing"], busy: ["Bezettoon", "Busy tone"], music: ["Muziek", "Music"], beep: ["Piep", "Beep"], silence: ["Stilte", "Silence"], connected: ["Verbonden", "Connected"], "waiting tone": ["Wachttoon", "Waiting tone"] };

export function soundWords(sound: string, language: Language): string {
  const said = /^say: ?(.*)$/s.exec(sound);
  if (said) return `“${said[1]}”`;
  return SOUNDS[sound]?.[language === "nl" ? 0 : 1] ?? sound.replace(/^file: ?/, "");
}
