/** The wall: calls walking their plans, queues and their people, webhooks and their health. */

import { useQuery } from "@tanstack/react-query";
import { ExternalLink, PhoneOff, ShieldCheck, Zap, ZapOff } from "lucide-react";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { useAccess } from "../access";
import { get, listed, post } from "../api/client";
import type { CallRecord } from "../api/types";
import { useDraft } from "../editor/draft";
import { shown } from "../plan/number";
import { appOf, itemAt, itemPathOf, routeAt, settingsOf } from "../plan/route";
import { destination, hostAndPath, plain, sentence } from "../plan/sentence";
import type { Plan } from "../plan/types";
import { AppIcon, Loading, Menu } from "../ui/parts";
import { clock, lasted, locale, minutes, useWords, type Word } from "../words";
import { type LiveCall, type Origin, stepsOf, useLive, useNow, type WebhookHealth } from "./live-data";

export function LivePage({ company }: { company: string }) {
  const { t, language } = useWords();
  const { state } = useDraft();
  const live = useLive(company);
  const now = useNow();
  const [only, setOnly] = useState("");
  const day = useMemo(() => { const at = new Date(); at.setHours(0, 0, 0, 0); return at.toISOString(); }, []);
  const { may } = useAccess();
  const today = useQuery({ queryKey: ["calls-today", company], enabled: may("records"), queryFn: async () => listed(await get<CallRecord[]>(`/companies/${company}/calls?limit=200&from=${encodeURIComponent(day)}`)), retry: false, refetchInterval: 15_000 });
  const health = useQuery({ queryKey: ["webhooks", company], enabled: may("read"), queryFn: () => get<{ items: WebhookHealth[]; origins: Origin[] }>(`/companies/${company}/webhooks`), retry: false, refetchInterval: 10_000 });
  if (!state || !live.data) return live.stale ? <main className="main"><div className="page">{t("live.lost", { time: clock(live.stale, language, true) })}</div></main> : <Loading />;
  const plan = state.history.now.plan;
  const calls = live.data.calls.filter((call) => !only || call.dial_plan === only);
  const waiting = live.data.queues.flatMap((queue) => queue.waiting ?? []);
  const oldest = Math.max(0, ...waiting.map((one) => (one.since ? (now - new Date(one.since).getTime()) / 1000 : 0)));
  const ended = today.data ?? [];
  const answered = ended.filter((call) => call.outcome === "connected").length;
  const webhooks = health.data?.items ?? [];
  const origins = health.data?.origins ?? live.data.webhooks;
  const medians = webhooks.map((one) => one.p50).filter((ms): ms is number => typeof ms === "number").sort((a, b) => a - b);
  const phones = live.data.phones;
  return (
    <main className={`main${live.stale ? " still" : ""}`} id="content">
      <header className="top">
        <h1>{t("nav.live")}</h1>
        <span className={`badge round ${live.stale ? "warn" : "good"}`} role="status"><i className={`dot ${live.stale ? "busy" : "free"}`} aria-hidden />{live.stale ? t("live.lost", { time: clock(live.stale, language, true) }) : t("live.connected")}</span>
        <span className="spacer" />
        <span className="quiet hide-small">{new Date(now).toLocaleDateString(locale(language), { weekday: "long", day: "numeric", month: "long" })} · <b style={{ color: "var(--text)" }}>{clock(now, language, true)}</b></span>
        <select className="select" style={{ width: 170 }} aria-label={t("nav.plans")} value={only} onChange={(event) => setOnly(event.target.value)}><option value="">{t("live.all_plans")}</option>{plan.dial_plans?.map((own) => <option key={own.name}>{own.name}</option>)}</select>
        <button type="button" className="button hide-small" onClick={() => void document.documentElement.requestFullscreen?.()}><ExternalLink size={15} aria-hidden />{t("live.big")}</button>
      </header>
      <div className="scroll"><div className="page">
        <div className="tiles">
          <div className="panel figure"><span>{t("live.on_line")}</span><p><b>{live.data.calls.length}</b></p></div>
          <div className="panel figure"><span>{t("live.waiting")}</span><p><b>{waiting.length}</b>{waiting.length > 0 && <small>{t("live.oldest", { time: minutes(oldest) })}</small>}</p></div>
          {may("records") && <div className="panel figure"><span>{t("live.today")}</span><p><b>{ended.length ? `${Math.round((answered / ended.length) * 100)}%` : "–"}</b><small>{t("live.of_calls", { count: ended.length })}</small></p></div>}
          <div className="panel figure"><span>{t("live.phones")}</span><p><b>{phones.filter((phone) => phone.registered).length}</b><small>{t("live.phones_of", { count: phones.length })}</small></p></div>
          {may("read") && <div className="panel figure"><span>{t("live.webhooks")}</span><p><b>{medians.length ? lasted(medians[Math.floor(medians.length / 2)], language) : "–"}</b><small>{t("live.median")}</small></p></div>}
        </div>
        <div className="live-columns">
          <div className="stack">
            <section className="panel">
              <header><h2>{t("live.calls")}</h2><span className="badge round">{calls.length}</span></header>
              {calls.length === 0 && <div className="empty"><h2>{t("live.no_calls")}</h2><p>{t("live.no_calls_more")}</p></div>}
              {calls.map((call) => <CallRow key={call.uuid} call={call} plan={plan} company={company} now={now} />)}
            </section>
            {may("records") && <section className="panel">
              <header><h2 className="grow">{t("live.just_ended")}</h2><Link href={`/c/${company}/calls`} className="link">{t("live.all_calls")}</Link></header>
              {ended.slice(0, 6).map((call) => (
                <Link key={call.uuid} href={`/c/${company}/calls/${call.uuid}`} className="ended-row"><span className="quiet">{clock(call.arrived, language)}</span><span className="ellipsis">{callerOf(call, plan, t("calls.withheld"))}</span><span className="ellipsis grow quiet">{whereTo(call, plan, t)}</span><span className="quiet">{minutes(call.lasted)}</span></Link>
              ))}
              {ended.length === 0 && <p className="inside quiet">{t("calls.none")}</p>}
            </section>}
          </div>
          <div className="stack">
            {live.data.queues.map((queue) => (
              <section className="panel" key={queue.number}>
                <header><h2>{t("live.queue")} {queue.name}</h2><span className="badge">{queue.number}</span><span className="grow" />{(queue.waiting?.length ?? 0) > 0 && <span className="badge warn round">{t(queue.waiting.length === 1 ? "live.waits_one" : "live.waits_other", { count: queue.waiting.length })}</span>}</header>
                <ul className="agent-list">{queue.agents.map((agent) => {
                  const there = agent.standing === "in";
                  const presence = agent.engaged ? "busy" : live.presence(agent.number);
                  return <li key={agent.number}><i className={`dot ${there ? presence : "off"}`} aria-hidden /><b>{agent.name || (destination(plan, agent.number)?.name ?? agent.number)}</b><span className="grow quiet">{there ? t(`overview.${presence}`) : t(standing(agent.standing))}</span><span className="quiet">{agent.number}</span></li>;
                })}</ul>
              </section>
            ))}
            <section className="panel">
              <header><h2 className="grow">{t("live.phones")}</h2></header>
              <ul className="agent-list">{(plan.users ?? []).filter((user) => user.phones?.length).slice(0, 30).map((user) => { const presence = live.presence(user.number); return <li key={user.number}><i className={`dot ${presence}`} aria-hidden /><b>{user.name}</b><span className="grow quiet">{t(`overview.${presence}`)}</span><span className="quiet">{user.number}</span></li>; })}</ul>
            </section>
            {may("read") && <section className="panel">
              <header><h2 className="grow">{t("live.webhooks")}</h2><span className="legend"><i className="p50" />p50<i className="p95" />p95</span></header>
              {webhooks.length === 0 && <p className="inside quiet">{t("live.no_webhooks")}</p>}
              {webhooks.map((one, index) => <Health key={one.path || index} health={one} origins={origins} plan={plan} now={now} />)}
            </section>}
          </div>
        </div>
      </div></div>
    </main>
  );
}

/** How somebody stands who takes no calls now. */
export const standing = (word: string): Word => ({ break: "live.break", missed: "live.missed" } as const)[word as "break"] ?? "live.logged_out";

/** Where a call ended up, in a few words. */
export function whereTo(call: CallRecord, plan: Plan, t: ReturnType<typeof useWords>["t"]): string {
  const to = call.answered_by ?? call.connected_to;
  const name = to ? (destination(plan, to)?.name ?? shown(to, plan.company.country)) : "";
  const through = call.connected_to && call.connected_to !== call.answered_by ? destination(plan, call.connected_to)?.name : "";
  return name ? `→ ${name}${through && through !== name ? ` (${through})` : ""}` : t(`outcome.${call.outcome}` as "outcome.ended");
}

export function callerOf(call: { caller_number?: string; caller_name?: string }, plan: Plan, withheld: string): string {
  if (call.caller_name) return call.caller_name;
  const name = (call.caller_number && plan.phone_book?.find((entry) => entry.number.replace(/\D/g, "") === call.caller_number)?.name) || (call.caller_number && destination(plan, call.caller_number)?.name);
  return name || (call.caller_number ? shown(call.caller_number, plan.company.country) : withheld);
}

/** The route folds to a row of icons; amber is a webhook that gave nothing. */
function CallRow({ call, plan, company, now }: { call: LiveCall; plan: Plan; company: string; now: number }) {
  const { t, language } = useWords();
  const { may } = useAccess();
  const steps = stepsOf(call);
  const herePath = call.path || (steps.at(-1)?.path ?? "");
  const index = plan.dial_plans?.findIndex((own) => own.name === call.dial_plan) ?? -1;
  const ahead = index >= 0 && /^dial_plans/.test(herePath) ? routeAt(plan, `dial_plans[${index}].route`).slice(Number(/route\[(\d+)\]/.exec(herePath)?.[1] ?? 99) + 1) : [];
  const hereItem = itemAt(plan, itemPathOf(plan, herePath));
  const talking = call.answered_by;
  const since = Math.max(0, (now - new Date(call.since).getTime()) / 1000);
  const ringing = call.ringing.map((number) => destination(plan, number)?.name ?? number).join(", ");
  return (
    <div className="call-row">
      <div className="who"><b>{callerOf(call, plan, t("calls.withheld"))}</b><span>{call.caller_number ? shown(call.caller_number, plan.company.country) : ""}</span><span>{call.dial_plan}</span></div>
      <div className="grow" style={{ minWidth: 0 }}>
        <div className="folded" aria-hidden>
          {steps.slice(-10).map((step, at, all) => <span key={at} className={`${step.app === "webhook" && step.exit && step.exit !== "ok" ? "amber " : "walked "}${at === all.length - 1 && !step.exit ? "now" : ""}`}><AppIcon app={step.app} size={15} /></span>)}
          {steps.length === 0 && hereItem && <span className="walked now"><AppIcon app={appOf(hereItem)} size={15} /></span>}
          {!talking && ahead.slice(0, 5).map((item, at) => <span key={`a${at}`}><AppIcon app={appOf(item)} size={15} /></span>)}
        </div>
        <p className="ellipsis" style={{ fontSize: 13 }}>{talking ? <>{t("live.talking")} <b>{destination(plan, talking)?.name ?? talking}</b></> : hereItem ? plain(sentence(hereItem, plan, language).title) : ""}{ringing && !talking && <span className="quiet"> · {ringing} {t("overview.ringing")}</span>}</p>
      </div>
      <b className="clock">{minutes(since)}</b>
      {may("operate") && <Menu label={t("action.more")} button={<span aria-hidden>···</span>}>{(close) => <button type="button" onClick={() => { close(); void post(`/companies/${company}/live/${call.uuid}/hang-up`); }}><PhoneOff size={15} aria-hidden />{t("live.hang_up")}</button>}</Menu>}
    </div>
  );
}

function Health({ health, origins, plan, now }: { health: WebhookHealth; origins: readonly Origin[]; plan: Plan; now: number }) {
  const { t, language } = useWords();
  const item = itemAt(plan, itemPathOf(plan, health.path));
  const url = item ? String(settingsOf(item).url ?? "") : "";
  const origin = origins.find((one) => url.startsWith(one.origin));
  const breaker = origin?.breaker ?? "closed";
  const until = origin?.open_for ? now + origin.open_for * 1000 : 0;
  const failed = health.asked - (health.results.ok ?? 0);
  const rate = health.asked ? failed / health.asked : 0;
  const series = health.minutes.length === 1 ? [health.minutes[0]!, health.minutes[0]!] : health.minutes;
  const top = Math.max(1, ...series.map((point) => point.p95 ?? point.p50 ?? 0));
  const line = (pick: "p50" | "p95"): string => series.map((point, at) => `${at ? "L" : "M"}${((at / Math.max(1, series.length - 1)) * 200).toFixed(1)} ${(56 - ((point[pick] ?? 0) / top) * 50).toFixed(1)}`).join("");
  return (
    <div className="health">
      <div className="row"><b className="grow ellipsis">{item ? plain(sentence(item, plan, language).title) : hostAndPath(url)}</b>
        {breaker === "open" ? <span className="badge bad round"><ZapOff size={14} aria-hidden />{t("live.fuse_open", { time: until ? clock(until, language, true) : "–" })}</span> : breaker.startsWith("half") ? <span className="badge warn round"><Zap size={14} aria-hidden />{t("live.fuse_trial")}</span> : <span className="badge good round"><ShieldCheck size={14} aria-hidden />{t("live.fuse_good")}</span>}
      </div>
      <code className="quiet">{item ? String(settingsOf(item).method ?? "") : ""} {hostAndPath(url)}</code>
      <div className="row" style={{ gap: 16, alignItems: "flex-end" }}>
        <svg viewBox="0 0 200 60" className="spark" role="img" aria-label={`p50 ${lasted(health.p50, language)}, p95 ${lasted(health.p95, language)}`} preserveAspectRatio="none"><path d={line("p95")} className={rate > 0.1 ? "bad" : "p95"} /><path d={line("p50")} className="p50" /></svg>
        <dl className="figures small"><span>p50<b>{lasted(health.p50, language) || "–"}</b></span><span>p95<b>{lasted(health.p95, language) || "–"}</b></span><span>{t("live.error")}<b style={rate > 0.1 ? { color: "var(--bad)" } : undefined}>{(rate * 100).toLocaleString(locale(language), { maximumFractionDigits: 1 })}%</b></span></dl>
      </div>
    </div>
  );
}
