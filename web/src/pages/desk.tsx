/** What belongs to one's own telephone: where one works, one's switches, whom one spoke to, who is there. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Voicemail } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useAccess } from "../access";
import { get, type Page, Refused, send } from "../api/client";
import { useBoxes } from "../api/queries";
import type { CallRecord, Directory } from "../api/types";
import { useDraft } from "../editor/draft";
import { shown } from "../plan/number";
import { Segments, Switch, toast } from "../ui/parts";
import { clock, day, minutes, useWords } from "../words";
import { callerOf, standing } from "./live";
import { type LiveQueue, useLive } from "./live-data";
import { CallButton } from "./phone";
import { Until, useCompanyState } from "./today";

export function Desk({ company }: { company: string }) {
  const { extension } = useAccess();
  return <div className="stack"><Queues company={company} own={extension} /><Own company={company} /><OwnCalls company={company} /><Colleagues company={company} own={extension} /></div>;
}

function useTold(company: string, key: string): (work: Promise<unknown>) => Promise<void> {
  const { t } = useWords();
  const queries = useQueryClient();
  return async (work) => {
    try { await work; } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); }
    await queries.invalidateQueries({ queryKey: [key, company] });
  };
}

/** The queues that somebody is an agent of, and whether they take calls there. */
function Queues({ company, own }: { company: string; own: string }) {
  const { t } = useWords();
  const live = useLive(company);
  const told = useTold(company, "live");
  const mine = (live.data?.queues ?? []).flatMap((queue) => queue.agents.filter((agent) => agent.number === own).map((agent) => ({ queue, agent })));
  if (!mine.length) return null;
  const stand = (queue: LiveQueue, to: string): void => void told(send("PUT", `/companies/${company}/state/agents/${queue.number}/${own}`, { logged_in: to !== "out", ...(to === "out" ? {} : { paused: to === "break" }) }));
  return (
    <section className="panel" aria-label={t("desk.queues")}>
      <header><h2 className="grow">{t("desk.queues")}</h2></header>
      <ul>{mine.map(({ queue, agent }) => (
        <li key={queue.number} className="message" style={{ flexWrap: "wrap" }}>
          <span className="grow" style={{ minWidth: 150 }}><b>{queue.name}</b> <span className="quiet">{queue.number}</span><br />
            <span className="quiet">{queue.waiting.length ? t(queue.waiting.length === 1 ? "live.waits_one" : "live.waits_other", { count: queue.waiting.length }) : t("desk.nobody_waits")} · {t("desk.at_work", { count: queue.agents.filter((one) => one.standing === "in").length, of: queue.agents.length })}</span></span>
          {agent.standing === "missed" && <span className="badge warn">{t(standing("missed"))}</span>}
          <Segments label={queue.name} value={agent.standing === "missed" ? "break" : agent.standing} options={[["in", t("desk.in")], ["break", t("desk.break")], ["out", t("desk.out")]]} onChange={(to) => stand(queue, to)} />
        </li>))}</ul>
    </section>
  );
}

/** Voicemail that waits, and the switches of one's personal dial plan. */
function Own({ company }: { company: string }) {
  const { t, language } = useWords();
  const boxes = useBoxes(company);
  const state = useCompanyState(company);
  const told = useTold(company, "state");
  const [asking, setAsking] = useState("");
  const names = useQuery({ queryKey: ["directory", company], queryFn: () => get<Directory>(`/companies/${company}/directory`), retry: false, staleTime: 30_000 });
  const own = (state.data?.diversions ?? []).filter((one) => names.data?.own_diversions.includes(one.name));
  const { may } = useAccess();
  const mine = may("listen") ? [] : (boxes.data ?? []);
  if (!own.length && !mine.length) return null;
  const turn = (name: string, body: object): void => void told(send("PUT", `/companies/${company}/state/diversions/${encodeURIComponent(name)}`, body));
  return (
    <section className="panel" aria-label={t("desk.own")}>
      <header><h2 className="grow">{t("desk.own")}</h2></header>
      <ul>
        {own.map((one) => <li key={one.name} className="message"><span className="grow"><b>{one.name}</b><br /><span className="quiet">{one.on ? (one.until ? t("today.on_until", { time: clock(one.until, language) }) : t("today.on")) : t("today.off")}</span></span><Switch on={one.on} label={one.name} onChange={(on) => { if (on) setAsking(one.name); else turn(one.name, { on: false }); }} /></li>)}
        {mine.map((box) => <li key={box.number} className="message"><Voicemail size={18} aria-hidden /><span className="grow"><Link href={`/c/${company}/voicemail`}>{box.name}</Link></span>{box.new > 0 ? <span className="badge accent">{t("voicemail.new", { count: box.new })}</span> : <span className="quiet">{t("people.no_messages")}</span>}</li>)}
      </ul>
      {asking && <Until title={asking} onClose={() => setAsking("")} onPick={(until) => { turn(asking, { on: true, until }); setAsking(""); }} />}
    </section>
  );
}

function OwnCalls({ company }: { company: string }) {
  const { t, language } = useWords();
  const { state } = useDraft();
  const { extension, may } = useAccess();
  const found = useQuery({ queryKey: ["own-calls", company], queryFn: () => get<Page<CallRecord>>(`/companies/${company}/own-calls?limit=6`), retry: false, refetchInterval: 10_000 });
  const plan = state!.history.now.plan;
  const mine = new Set([extension, ...(plan.users ?? []).filter((user) => user.number === extension).flatMap((user) => (user.phones ?? []).map((phone) => phone.username))]);
  return (
    <section className="panel" aria-label={t("calls.own")}>
      <header><h2 className="grow">{t("calls.own")}</h2><Link href={`/c/${company}/calls`} className="link">{t(may("records") ? "live.all_calls" : "desk.earlier")}</Link></header>
      {!found.data?.items.length && <p className="inside quiet">{t("calls.none")}</p>}
      <ul>{found.data?.items.map((call) => {
        const made = mine.has(call.caller_number);
        const number = made ? call.callee_number : call.caller_number;
        const who = made ? call.callee_name || shown(call.callee_number, plan.company.country) : callerOf(call, plan, t("calls.withheld"));
        const missed = !made && call.answered_by !== extension;
        return (
          <li key={call.uuid} className="message">
            <span className="grow">{missed ? <b>{who}</b> : who}<br /><span className="quiet">{t(made ? "desk.called" : missed ? (call.answered_by ? "desk.other" : "desk.missed") : "desk.answered")} · {clock(call.arrived, language)}, {day(call.arrived, language)}</span></span>
            <span className="quiet">{minutes(call.lasted)}</span>
            {number && <CallButton company={company} number={number} name={who} />}
          </li>); })}</ul>
    </section>
  );
}

function Colleagues({ company, own }: { company: string; own: string }) {
  const { t } = useWords();
  const { state } = useDraft();
  const live = useLive(company);
  const [query, setQuery] = useState("");
  const wanted = query.trim().toLowerCase();
  const users = (state!.history.now.plan.users ?? []).filter((user) => user.number !== own && (!wanted || user.name.toLowerCase().includes(wanted) || user.number.includes(wanted)));
  return (
    <section className="panel" aria-label={t("desk.colleagues")}>
      <header><h2>{t("desk.colleagues")}</h2><input className="input grow" type="search" style={{ height: 32 }} value={query} placeholder={t("action.search")} aria-label={t("action.search")} onChange={(event) => setQuery(event.target.value)} /></header>
      <ul>{users.slice(0, 40).map((user) => { const presence = live.presence(user.number); return <li key={user.number} className="message"><i className={`dot ${presence}`} aria-hidden /><span className="grow"><b>{user.name}</b> <span className="quiet">{user.number} · {t(`overview.${presence}`)}</span></span><CallButton company={company} number={user.number} name={user.name} /></li>; })}</ul>
    </section>
  );
}
