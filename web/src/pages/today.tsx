/** Today: is the company open, which switches are on; big enough for a thumb. Times and diversions are made here too. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAccess } from "../access";
import { get, Refused, send } from "../api/client";
import { ConflictDialog } from "../editor/conflict";
import { useDraft } from "../editor/draft";
import { DraftBar, UndoRedo } from "../editor/plan-page";
import { Publish } from "../editor/publish";
import { everyItem, settingsOf } from "../plan/route";
import { summary } from "../plan/sentence";
import type { Diversion, Plan, Route, TimeCondition } from "../plan/types";
import { Dialog, Empty, Loading, SelectField, Switch, TextField, toast } from "../ui/parts";
import { clock, locale, useWords, type Word } from "../words";
import { Entries } from "./entries";
import { SectionTabs } from "./people";
import { freeEntryName } from "./plans";
import { countryNames } from "./new-company";

interface SwitchState { name: string; group?: string; on: boolean; until: string | null }
interface TimeState { name: string; holds: boolean; calendar: boolean; said: boolean | null; until: string | null }
interface CompanyState { diversions: SwitchState[]; times: TimeState[]; live: boolean }

const SECTIONS: [string, Word][] = [["switches", "today.switches"], ["times", "today.times"], ["diversions", "today.diversions"]];

/** What people switched: of the published plan, for only that one is walked. */
export function useCompanyState(company: string) {
  return useQuery({
    queryKey: ["state", company],
    queryFn: async (): Promise<CompanyState> => {
      try { return { ...(await get<Omit<CompanyState, "live">>(`/companies/${company}/state`)), live: true }; }
      catch (error) { if (error instanceof Refused) return { diversions: [], times: [], live: false }; throw error; }
    },
    refetchInterval: 10_000,
    retry: false,
  });
}

export function TodayPage({ company, section, entry }: { company: string; section: string; entry: string | undefined }) {
  const { t } = useWords();
  const { state } = useDraft();
  const { may } = useAccess();
  const [publishing, setPublishing] = useState(false);
  if (!state) return <Loading lines={4} />;
  const base = `/c/${company}/today`;
  return (
    <main className="main" id="content">
      <header className="top"><h1>{t("today.title")}</h1><span className="spacer" />{section !== "switches" && may("read") && <><UndoRedo /><DraftBar company={company} onPublish={() => setPublishing(true)} /></>}</header>
      {may("read") && <SectionTabs base={base} sections={SECTIONS} now={section} />}
      <div className="scroll"><div className="page">
        {(section === "switches" || !may("read")) && <Switches company={company} plan={state.history.now.plan} />}
        {section === "times" && may("read") && <Entries section="time_conditions" base={`${base}/times`} chosen={entry} app="time" addWord={t("action.add")} keyOf={(one) => one.name}
          fresh={(plan) => ({ name: freeEntryName(plan.time_conditions, t("today.new_time").toLowerCase()), weekdays: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "08:30", to: "17:00" }] })}
          form={(form) => <><TextField label={t("form.name")} value={form.entry.name} onChange={(name) => form.set("name", name)} wrong={form.wrong("name")} /><TimesForm entry={form.entry as unknown as TimeCondition} set={form.set} wrong={form.wrong} /></>} />}
        {section === "diversions" && may("read") && <Entries section="diversions" base={`${base}/diversions`} chosen={entry} app="diversion" addWord={t("action.add")} keyOf={(one) => one.name}
          fresh={(plan) => ({ name: freeEntryName(plan.diversions, t("today.new_diversion").toLowerCase()), code: String(1 + Math.max(0, ...(plan.diversions ?? []).map((one) => Number(one.code) || 0))) })}
          form={(form) => <><TextField label={t("form.name")} value={form.entry.name} onChange={(name) => form.set("name", name)} wrong={form.wrong("name")} /><TextField label={t("form.code")} value={String(form.entry.code ?? "")} help={t("form.code_help")} onChange={(code) => form.set("code", code)} wrong={form.wrong("code")} /><TextField label={t("form.group")} value={String(form.entry.group ?? "")} onChange={(group) => form.set("group", group)} wrong={form.wrong("group")} /></>} />}
      </div></div>
      {publishing && <Publish onClose={() => setPublishing(false)} onGo={() => setPublishing(false)} />}
      <ConflictDialog />
    </main>
  );
}

/** What callers get while a switch is on: the first route that hangs on it. */
function whileOn(plan: Plan, name: string): Route | undefined {
  for (const own of plan.dial_plans ?? [])
    for (const { item } of everyItem(own.route ?? [], "")) if ("diversion" in item && settingsOf(item).name === name && Array.isArray(settingsOf(item).then)) return settingsOf(item).then as Route;
  return undefined;
}

export function Switches({ company, plan }: { company: string; plan: Plan }) {
  const { t, language } = useWords();
  const queries = useQueryClient();
  const found = useCompanyState(company);
  const [asking, setAsking] = useState<{ kind: "times" | "diversions"; name: string; holds?: boolean } | null>(null);
  const { may } = useAccess();
  const diversions: Pick<Diversion, "name" | "group">[] = may("read") ? (plan.diversions ?? []) : (found.data?.diversions ?? []);
  const times: TimeCondition[] = may("read") ? (plan.time_conditions ?? []) : (found.data?.times ?? []);
  if (!found.data && !may("read")) return <Loading lines={3} />;
  if (found.data && !found.data.live) return <Empty title={t("today.not_live")} {...(may("edit") ? { more: t("today.not_live_more") } : {})} />;
  if (!diversions.length && !times.length) return <Empty title={t("today.nothing")} more={t("today.nothing_more")} />;
  const change = async (kind: "times" | "diversions", name: string, body: object, words: string, back: object): Promise<void> => {
    try {
      await send("PUT", `/companies/${company}/state/${kind}/${encodeURIComponent(name)}`, body);
      await queries.invalidateQueries({ queryKey: ["state", company] });
      toast(words, { words: t("action.undo"), run: () => void send("PUT", `/companies/${company}/state/${kind}/${encodeURIComponent(name)}`, back).then(() => queries.invalidateQueries({ queryKey: ["state", company] })) });
    } catch (error) { toast((error as Error).message); }
  };
  const groups = [...new Set(diversions.map((one) => one.group ?? ""))].sort((a, b) => Number(!a) - Number(!b));
  const untilWords = (until: string | null | undefined): string => (until ? t("today.until", { time: clock(until, language) }) : "");
  return (
    <div className="today">
      <p className="quiet today-date">{new Date().toLocaleDateString(locale(language), { weekday: "long", day: "numeric", month: "long" })}</p>
      {times.length > 0 && <div className="stack">{times.map((condition) => {
        const now = found.data?.times.find((one) => one.name === condition.name);
        return (
          <section key={condition.name} className={`panel today-card${typeof now?.said === "boolean" ? " forced" : ""}`}>
            <h2 className="row"><i className={`dot ${now?.holds ? "free" : typeof now?.said === "boolean" ? "busy" : "off"}`} aria-hidden />{condition.name}: {t(hours(condition) ? (now?.holds ? "today.open" : "today.closed") : now?.holds ? "today.holds" : "today.holds_not")} {untilWords(now?.until)}</h2>
            <p className="quiet">{typeof now?.said === "boolean" ? t("today.exception") : t("today.usual")}</p>
            <DayBar condition={condition} language={language} />
            {may("operate") && <div className="today-buttons">
              {typeof now?.said === "boolean" ? <button type="button" className="button" onClick={() => void change("times", condition.name, { holds: null }, t("today.as_usual"), { holds: now!.holds, until: now?.until ?? null })}>{t("today.as_usual")}</button> : <>
                {now?.holds && <button type="button" className="button" onClick={() => setAsking({ kind: "times", name: condition.name, holds: false })}>{t(hours(condition) ? "today.earlier" : "today.make_not")}</button>}
                {(hours(condition) || !now?.holds) && <button type="button" className="button" onClick={() => setAsking({ kind: "times", name: condition.name, holds: true })}>{t(!hours(condition) ? "today.make" : now?.holds ? "today.longer" : "today.anyway")}</button>}</>}
            </div>}
          </section>
        );
      })}
      </div>}
      {groups.length > 0 && <div className="stack">{groups.map((group) => (
        <section key={group}>
          <h3 className="group-title"><b>{group || t("today.always")}</b>{group && <span className="quiet"> · {t("today.one_at_a_time")}</span>}</h3>
          <ul className="panel">
            {diversions.filter((one) => (one.group ?? "") === group).map((one) => {
              const now = found.data?.diversions.find((state) => state.name === one.name);
              const route = whileOn(plan, one.name);
              return (
                <li key={one.name} className="switch-row">
                  <span className="grow"><b>{one.name}</b><br /><span className="quiet">{now?.on ? (now?.until ? t("today.on_until", { time: clock(now!.until!, language) }) : t("today.on")) : route ? summary(route, plan, language) : t("today.off")}</span></span>
                  <Switch on={now?.on === true} label={one.name} disabled={!may("operate")} onChange={(on) => { if (on) setAsking({ kind: "diversions", name: one.name }); else void change("diversions", one.name, { on: false }, t("today.switched_off", { name: one.name }), { on: true, until: now?.until ?? null }); }} />
                </li>
              );
            })}
          </ul>
        </section>
      ))}
      </div>}
      {asking && <Until onClose={() => setAsking(null)} onPick={(until) => {
        const { kind, name, holds } = asking;
        setAsking(null);
        if (kind === "diversions") void change("diversions", name, { on: true, until }, t("today.switched_on", { name }), { on: false });
        else void change("times", name, { holds, until }, t("today.exception"), { holds: null });
      }} title={asking.name} />}
    </div>
  );
}

export function Until({ title, onPick, onClose }: { title: string; onPick: (until: string | null) => void; onClose: () => void }) {
  const { t, language } = useWords();
  const later = (minutes: number): Date => { const at = new Date(Date.now() + minutes * 60_000); at.setSeconds(0, 0); return at; };
  const end = new Date();
  end.setHours(23, 59, 0, 0);
  const [own, setOwn] = useState("");
  const pick = (at: Date): void => onPick(at.toISOString());
  return (
    <Dialog title={title} more={t("today.for_how_long")} onClose={onClose}>
      <section className="today-buttons" style={{ gridTemplateColumns: "1fr 1fr" }}>
        <button type="button" className="button primary" onClick={() => onPick(null)}>{t("today.until_off")}</button>
        {[30, 60, 120].map((minutes) => <button key={minutes} type="button" className="button" onClick={() => pick(later(minutes))}>{t("today.until", { time: clock(later(minutes), language) })}</button>)}
        <form className="row" style={{ gridColumn: "1 / -1" }} onSubmit={(event) => { event.preventDefault(); const [hours, minutes] = own.split(":").map(Number); const at = new Date(); at.setHours(hours ?? 0, minutes ?? 0, 0, 0); if (at.getTime() < Date.now()) at.setDate(at.getDate() + 1); pick(at); }}>
          <input className="input" type="time" required value={own} aria-label={t("today.for_how_long")} onChange={(event) => setOwn(event.target.value)} /><button type="submit" className="button">{t("action.add")}</button>
        </form>
      </section>
    </Dialog>
  );
}

/** Whether these are opening hours, rather than days on which something else holds. */
const hours = (condition: TimeCondition): boolean => !!condition.weekdays?.length;

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const minutesOf = (text: string | undefined, otherwise: number): number => { const found = /^(\d{1,2}):(\d{2})$/.exec(text ?? ""); return found ? Number(found[1]) * 60 + Number(found[2]) : otherwise; };

/** Today's hours as a bar with a line for now. */
function DayBar({ condition, language }: { condition: TimeCondition; language: "nl" | "en" }) {
  const now = new Date();
  const today = DAYS[(now.getDay() + 6) % 7]!;
  const spans = (condition.weekdays ?? []).filter((span) => span.days.includes(today)).map((span): [number, number] => [minutesOf(span.from, 0), minutesOf(span.to, 1440)]);
  if (!spans.length) return null;
  const [low, high] = [Math.max(0, Math.min(...spans.map(([from]) => from)) - 120), Math.min(1440, Math.max(...spans.map(([, to]) => to)) + 120)];
  const x = (minutes: number): number => ((minutes - low) / (high - low)) * 100;
  const at = x(now.getHours() * 60 + now.getMinutes());
  const say = (minutes: number): string => new Date(2026, 0, 1, Math.floor(minutes / 60), minutes % 60).toLocaleTimeString(locale(language), { hour: "numeric", minute: "2-digit" });
  return (
    <div aria-hidden>
      <svg className="day-bar" viewBox="0 0 100 30" preserveAspectRatio="none"><rect x="0" y="0" width="100" height="30" className="all" />{spans.map(([from, to]) => <rect key={from} x={x(from)} y="0" width={x(to) - x(from)} height="30" className="open" />)}{at >= 0 && at <= 100 && <rect x={at - 0.3} y="-4" width="0.6" height="38" className="now" />}</svg>
      <svg className="day-ticks">{spans.flatMap(([from, to]) => [from, to]).map((minutes) => <text key={minutes} x={`${x(minutes)}%`} y="14" textAnchor="middle">{say(minutes)}</text>)}</svg>
    </div>
  );
}

function TimesForm({ entry, set, wrong }: { entry: TimeCondition; set: (field: string, value: unknown) => void; wrong: (field: string) => string | undefined }) {
  const { t, language } = useWords();
  const weekdays = entry.weekdays ?? [];
  const dates = entry.dates ?? [];
  const periods = entry.periods ?? [];
  const short = (index: number): string => new Date(2026, 5, 1 + index).toLocaleDateString(locale(language), { weekday: "short" });
  const row = <T extends object>(list: T[], field: string, index: number, change: Partial<T>): void => set(field, list.map((one, at) => (at === index ? { ...one, ...change } : one)));
  const gone = <T,>(list: T[], field: string, index: number): void => set(field, list.filter((_, at) => at !== index));
  const bin = (action: () => void) => <button type="button" className="icon-button" aria-label={t("action.delete")} onClick={action}><Trash2 size={15} /></button>;
  return (
    <>
      <Week entry={entry} language={language} title={t("today.this_week")} />
      <div className="field"><span className="label">{t("form.weekdays")}</span>
        {weekdays.map((span, index) => (
          <div key={index} className="row" style={{ flexWrap: "wrap" }}>
            <span className="segments">{DAYS.map((day, at) => <button key={day} type="button" aria-pressed={span.days.includes(day)} onClick={() => row(weekdays, "weekdays", index, { days: DAYS.filter((one) => (one === day ? !span.days.includes(day) : span.days.includes(one))) })}>{short(at)}</button>)}</span>
            <input className="input" style={{ width: 84 }} aria-label={t("form.from")} value={span.from ?? "00:00"} onChange={(event) => row(weekdays, "weekdays", index, { from: event.target.value })} />–<input className="input" style={{ width: 84 }} aria-label={t("form.to")} value={span.to ?? "24:00"} onChange={(event) => row(weekdays, "weekdays", index, { to: event.target.value })} />{bin(() => gone(weekdays, "weekdays", index))}
          </div>
        ))}
        {wrong("weekdays") && <p className="wrong">{wrong("weekdays")}</p>}
        <button type="button" className="link" onClick={() => set("weekdays", [...weekdays, { days: ["mon", "tue", "wed", "thu", "fri"], from: "08:30", to: "17:00" }])}><Plus size={14} aria-hidden />{t("action.add")}</button>
      </div>
      <SelectField label={t("form.holidays")} value={entry.holidays ?? ""} options={[["", t("form.no_holidays")], ...countryNames(language)]} onChange={(country) => set("holidays", country)} wrong={wrong("holidays")} />
      <div className="field"><span className="label">{t("form.dates")}</span>
        {dates.map((date, index) => <div key={index} className="row" style={{ flexWrap: "wrap" }}><input className="input mono" style={{ width: 130 }} placeholder="12-31" aria-label={t("form.dates")} value={date.on} onChange={(event) => row(dates, "dates", index, { on: event.target.value })} /><input className="input" style={{ width: 84 }} aria-label={t("form.from")} value={date.from ?? "00:00"} onChange={(event) => row(dates, "dates", index, { from: event.target.value })} />–<input className="input" style={{ width: 84 }} aria-label={t("form.to")} value={date.to ?? "24:00"} onChange={(event) => row(dates, "dates", index, { to: event.target.value })} />{bin(() => gone(dates, "dates", index))}</div>)}
        {wrong("dates") && <p className="wrong">{wrong("dates")}</p>}
        <button type="button" className="link" onClick={() => set("dates", [...dates, { on: "12-31" }])}><Plus size={14} aria-hidden />{t("action.add")}</button>
      </div>
      <div className="field"><span className="label">{t("form.periods")}</span>
        {periods.map((period, index) => <div key={index} className="row"><input className="input" type="date" style={{ width: 160 }} aria-label={t("form.from")} value={period.from} onChange={(event) => row(periods, "periods", index, { from: event.target.value })} />–<input className="input" type="date" style={{ width: 160 }} aria-label={t("form.to")} value={period.to} onChange={(event) => row(periods, "periods", index, { to: event.target.value })} />{bin(() => gone(periods, "periods", index))}</div>)}
        {wrong("periods") && <p className="wrong">{wrong("periods")}</p>}
        <button type="button" className="link" onClick={() => { const day = new Date().toISOString().slice(0, 10); set("periods", [...periods, { from: day, to: day }]); }}><Plus size={14} aria-hidden />{t("action.add")}</button>
      </div>
    </>
  );
}

/** The week as a calendar: seven columns, the hours that hold filled in. */
function Week({ entry, language, title }: { entry: TimeCondition; language: "nl" | "en"; title: string }) {
  const hours = [0, 6, 12, 18, 24];
  return (
    <figure className="week">
      <svg viewBox="0 0 420 170" role="img" aria-label={title}>
        {hours.map((hour) => <g key={hour}><text x={26} y={24 + hour * 6} textAnchor="end">{hour}:00</text><line x1={32} x2={416} y1={20 + hour * 6} y2={20 + hour * 6} /></g>)}
        {DAYS.map((day, index) => <g key={day}><text x={60 + index * 54} y={12} textAnchor="middle" className="day">{new Date(2026, 5, 1 + index).toLocaleDateString(locale(language), { weekday: "short" })}</text>
          {(entry.weekdays ?? []).filter((span) => span.days.includes(day)).map((span, at) => { const [from, to] = [minutesOf(span.from, 0), minutesOf(span.to, 1440)]; return <rect key={at} x={36 + index * 54} y={20 + from / 10} width={48} height={Math.max(0, (to - from) / 10)} rx={4} />; })}</g>)}
      </svg>
    </figure>
  );
}
