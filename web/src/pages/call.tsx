/** One call: why it went there, its way over the plan, its ladder, and what its webhooks said. */

import { useQuery } from "@tanstack/react-query";
import { ArrowRight, BookmarkPlus, Clock3, Copy, EllipsisVertical, ListTree, Phone, GitCompareArrows } from "lucide-react";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { useAccess } from "../access";
import { get, post } from "../api/client";
import type { CallRecord, TraceStep, Version, Walk } from "../api/types";
import { useApps } from "../api/queries";
import { useDraft } from "../editor/draft";
import { planId } from "../editor/plan-page";
import { Chosen, type RouteFrame, RouteView } from "../editor/route-view";
import { soundWords, walked } from "../editor/test-call";
import { ALL } from "../editor/view";
import { shown, shownAbroad } from "../plan/number";
import { itemAt, itemPathOf, numbersOf, routeAt } from "../plan/route";
import { destination, exitWords, plain, sentence } from "../plan/sentence";
import type { Plan } from "../plan/types";
import { Empty, Loading, Segments, Tile, toast } from "../ui/parts";
import { clock, day, lasted, minutes, reasonWords, useWords, type Word } from "../words";
import { callerOf } from "./live";

const NOTHING = new Chosen();
const IDLE = { choose: () => {}, toggle: () => {}, add: () => {}, remove: () => {}, copy: () => {}, duplicate: () => {}, paste: () => {}, fix: () => {}, putBack: () => {}, enter: () => {}, openMenu: () => {}, ensure: () => {} };

export function CallPage({ company, uuid }: { company: string; uuid: string }) {
  const { t, language } = useWords();
  const { state } = useDraft();
  const apps = useApps();
  const { may } = useAccess();
  const [view, setView] = useState<"plain" | "table">("plain");
  const [all, setWhole] = useState(false);
  const [replay, setReplay] = useState<Walk | null>(null);
  const found = useQuery({ queryKey: ["call", company, uuid], queryFn: () => get<CallRecord>(`/companies/${company}/calls/${uuid}`), retry: false });
  const version = useQuery({ queryKey: ["version", company, found.data?.version], queryFn: () => get<Version>(`/companies/${company}/versions/${found.data!.version}`), enabled: !!found.data?.version, retry: false });
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map([[ALL, false]]));
  const plan: Plan | undefined = version.data?.plan ?? state?.history.now.plan;
  const call = found.data;
  const trace = useMemo(() => call?.trace ?? [], [call]);
  const top = useMemo(() => /^(dial_plans\[\d+\]\.route|users\[\d+\]\.route)/.exec(trace.find((step) => /^(dial_plans|users)/.test(step.path))?.path ?? "")?.[1] ?? "", [trace]);
  if (found.isError) return <Empty title={t("state.not_found")}><Link className="button" href={`/c/${company}/calls`}>{t("nav.calls")}</Link></Empty>;
  if (!call || !plan || !state || !apps.data) return <Loading lines={5} />;
  const marks = top ? walked({ trace, variables: call.variables ?? {} }, 0, plan, top, language, t, true) : new Map();
  const frame: RouteFrame = {
    plan, language, chosen: NOTHING, lifted: "", toggled, marked: [...marks.keys()], problems: new Map(), numbers: top ? numbersOf(routeAt(plan, top), top) : new Map(), others: new Map(), titles: new Map(apps.data.map((app) => [app.name, app.title[language]])),
    trace: marks, readOnly: true, fixedDepth: 0, act: { ...IDLE, toggle: (branch, open) => setToggled((now) => new Map(now).set(branch, open)) },
  };
  const whole = top ? routeAt(plan, top) : [];
  const last = Math.max(-1, ...[...marks.keys()].map((path) => Number(/^\[(\d+)\]/.exec(path.slice(top.length))?.[1] ?? -1)));
  const shownRoute = all || last < 0 ? whole : whole.slice(0, last + 1);
  const left = whole.length - shownRoute.length;
  const keep = async (): Promise<void> => {
    try { toast(t("test.kept", { name: (await post<{ name: string }>(`/companies/${company}/scenarios/record`, { call: uuid })).name })); }
    catch (error) { toast((error as Error).message); }
  };
  const webhooks = trace.filter((step) => step.app === "webhook");
  const planIndex = Number(/^dial_plans\[(\d+)\]/.exec(top)?.[1] ?? -1);
  const own = planIndex >= 0 ? state.history.now.plan.dial_plans?.find((one) => one.name === plan.dial_plans?.[planIndex]?.name) : undefined;
  const playAgain = async (): Promise<void> => {
    const replies = Object.fromEntries(Object.entries(call.variables ?? {}).filter(([name]) => !name.includes(".")));
    try { setReplay(await post<Walk>(`/companies/${company}/test-calls`, { to: call.callee_number, from: call.caller_number, at: call.arrived, replies, draft: !state.readOnly })); }
    catch (error) { toast((error as Error).message); }
  };
  return (
    <main className="main" id="content">
      <header className="top">
        <span className="crumb"><Link href={`/c/${company}/calls`}>{t("nav.calls")}</Link> /</span><h1>{callerOf(call, plan, t("calls.withheld"))}</h1>
        {call.caller_number && <span className="badge">{shown(call.caller_number, plan.company.country)}</span>}
        <span className="quiet hide-small">{day(call.arrived, language)}, {clock(call.arrived, language, true)}</span>
        <span className="spacer" />
        {may("edit") && !state.readOnly && <button type="button" className="button" onClick={() => void keep()}><BookmarkPlus size={16} aria-hidden />{t("test.scenario")}</button>}
        {own && <Link className="button" href={`/c/${company}/plans/${planId(own, state.history.now.plan.dial_plans!.indexOf(own))}`}><ListTree size={16} aria-hidden />{t("call.open_plan")}</Link>}
      </header>
      <div className="scroll"><div className="page">
        <section className="panel why">
          <Tile app={call.outcome === "voicemail" ? "voicemail" : call.outcome === "connected" ? "connect" : "hangup"} />
          <div className="grow"><h2>{t("call.why")}</h2><p>{call.why?.[language] ?? t(`outcome.${call.outcome ?? "ended"}` as Word)}</p>
            {replay && <p className="quiet" style={{ fontSize: 14, lineHeight: "20px" }}>{t(state.readOnly ? "call.replay_live" : "call.replay")}: {replay.why?.[language] ?? replay.outcome}</p>}</div>
          <button type="button" className="button" onClick={() => void playAgain()}><GitCompareArrows size={15} aria-hidden />{t(state.readOnly ? "call.replay_live" : "call.replay")}</button>
        </section>
        <div className="call-columns">
          <section className="panel path-panel">
            <header><h2 className="grow">{t("call.path")}</h2>{call.version ? <span className="badge">{t("call.version", { number: call.version })}</span> : null}</header>
            <div className="inside">{top ? <RouteView frame={frame} route={shownRoute} path={top} begin={<div className="rail-end"><span className="node"><Phone size={13} aria-hidden /></span><span>{call.callee_number ? shownAbroad(call.callee_number) : ""}</span></div>} end={left > 0 ? <div className="rail-end quiet"><EllipsisVertical size={16} style={{ margin: "0 4px" }} aria-hidden /><span>{t(left === 1 ? "call.not_walked_one" : "call.not_walked_other", { first: shownRoute.length + 1, last: whole.length })} <button type="button" className="link" onClick={() => setWhole(true)}>{t("call.show")}</button></span></div> : undefined} /> : <p className="quiet">{t("state.nothing")}</p>}</div>
          </section>
          <div className="stack"><section className="panel">
            <header><h2 className="grow">{t("call.timeline")}</h2><Segments label={t("call.timeline")} value={view} options={[["plain", t("call.plain")], ["table", t("call.table")]]} onChange={setView} /></header>
            <div className="inside" style={{ overflowX: "auto" }}>{view === "plain" ? <Ladder call={call} plan={plan} /> : <StepTable call={call} plan={plan} />}</div>
          </section><Otherwise company={company} uuid={uuid} /></div>
          <div className="stack">
            {!!call.recordings?.length && <section className="panel"><header><h2>{t("call.recordings")}</h2></header><ul className="inside stack" style={{ gap: 10 }}>{call.recordings.map((one) => <li key={one.number} className="stack" style={{ gap: 4 }}><span className="quiet">{t("call.recording", { number: one.number })} · {minutes(one.seconds)}</span><audio controls preload="none" aria-label={t("call.recording", { number: one.number })} src={`/api/v1/companies/${company}/calls/${call.uuid}/recordings/${one.number}.mp3`} style={{ width: "100%" }} /></li>)}</ul></section>}
            {webhooks.length === 0 && <section className="panel"><p className="inside quiet">{t("call.no_webhook")}</p></section>}
            {webhooks.map((step, index) => <WebhookPanel key={index} step={step} plan={plan} />)}
            {!!call.heard?.length && <section className="panel"><header><h2>{t("call.heard")}</h2></header><ol className="inside stack" style={{ gap: 6 }}>{call.heard.map((sound, index) => <li key={index}>{soundWords(sound, language)}</li>)}</ol></section>}
          </div>
        </div>
      </div></div>
    </main>
  );
}

interface Turning { path: string; what: { nl: string; en: string }; to: { nl: string; en: string } }

/** The same call with one thing changed at a time, walked at the server: what would have led elsewhere. */
function Otherwise({ company, uuid }: { company: string; uuid: string }) {
  const { t, language } = useWords();
  const found = useQuery({ queryKey: ["otherwise", company, uuid], queryFn: () => get<{ items: Turning[] }>(`/companies/${company}/calls/${uuid}/otherwise`), retry: false, staleTime: Infinity });
  if (!found.data?.items.length) return null;
  return (
    <section className="panel" aria-label={t("call.what_if")}>
      <header><h2 className="grow">{t("call.what_if")}</h2></header>
      <dl className="otherwise">{found.data.items.map((one, index) => <div key={index}><dt>{capital(one.what[language])}</dt><dd><ArrowRight size={14} aria-hidden />{one.to[language]}</dd></div>)}</dl>
    </section>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function StepTable({ call, plan }: { call: CallRecord; plan: Plan }) {
  const { t, language } = useWords();
  return <table className="table"><thead><tr><th>s</th><th>{t("settings.what")}</th><th>{t("calls.outcome")}</th><th className="right">{t("calls.lasted")}</th></tr></thead><tbody>{(call.trace ?? []).map((step, index) => { const item = itemAt(plan, itemPathOf(plan, step.path)); return <tr key={index}><td>{(step.started_ms / 1000).toFixed(2)}</td><td>{item ? plain(sentence(item, plan, language).title) : step.app}</td><td>{exitWords(step.exit ?? "", language)}</td><td className="right">{lasted(step.duration_ms, language)}</td></tr>; })}</tbody></table>;
}

interface Line { at: number; from: number; to: number; words: string; code?: string; kind?: "ask" }

/** Arrows between the caller, us, the webhooks' servers and the phones, from top to bottom in time. */
function Ladder({ call, plan }: { call: CallRecord; plan: Plan }) {
  const { t, language } = useWords();
  const steps = call.trace ?? [];
  const hosts = [...new Set(steps.filter((step) => step.app === "webhook").map((step) => { const item = itemAt(plan, itemPathOf(plan, step.path)); return item ? new URLHost(String((item.webhook as { url?: string }).url)).host : "webhook"; }))];
  const rung = [...new Set(steps.filter((step) => step.app === "connect" || step.app === "queue" || step.app === "same_colleague").flatMap((step) => { const to = String(step.detail?.to ?? ""); const members = plan.ring_groups?.find((group) => group.number === to)?.members; return members ?? (to ? [to] : []); }).concat(call.answered_by ? [call.answered_by] : []))].slice(0, 3);
  const columns: [string, string][] = [[t("ladder.caller"), callerOf(call, plan, "").split(" ")[0]!], ["Belplan", call.version ? `v${call.version}` : ""], ...hosts.map((host): [string, string] => [host.split(".")[0]!, "webhook"]), ...rung.map((number): [string, string] => [destination(plan, number)?.name.split(" ")[0] ?? number, number])];
  const phone = (number: string): number => { const at = rung.indexOf(number); return at < 0 ? -1 : 2 + hosts.length + at; };
  const lines: Line[] = [{ at: 0, from: 0, to: 1, words: t("ladder.calls"), code: "INVITE" }, { at: 0, from: 1, to: 0, words: t("ladder.rings"), code: "180" }];
  let talking: { at: number; who: number } | null = null;
  for (const step of steps) {
    const end = step.started_ms + (step.duration_ms ?? 0);
    const item = itemAt(plan, itemPathOf(plan, step.path));
    if (step.app === "webhook") {
      const host = 2 + hosts.indexOf(item ? new URLHost(String((item.webhook as { url?: string }).url)).host : "webhook");
      lines.push({ at: step.started_ms, from: 1, to: host, words: `${String((item?.webhook as { method?: string } | undefined)?.method ?? "POST")}`, kind: "ask" });
      lines.push({ at: end, from: host, to: 1, words: step.exit === "ok" ? `${String(step.detail?.status ?? 200)}` : exitWords(step.exit ?? "", language), kind: "ask" });
    } else if (["connect", "queue", "same_colleague"].includes(step.app)) {
      const to = String(step.detail?.to ?? "");
      const numbers = (plan.ring_groups?.find((group) => group.number === to)?.members ?? (to ? [to] : [])).filter((number) => phone(number) > 0);
      for (const number of numbers) lines.push({ at: step.started_ms, from: 1, to: phone(number), words: t("ladder.rings"), code: "INVITE" });
      const who = call.answered_by ? phone(call.answered_by) : numbers[0] ? phone(numbers[0]) : -1;
      // Whoever hangs up first ends the step: after a conversation it reads "abandoned" where the caller did.
      if (who > 0 && call.answered_by && (step.exit === "answered" || step === steps.at(-1))) {
        const ringing = Number(step.detail?.ringing_ms ?? step.detail?.rang_ms ?? NaN);
        const answered = Number.isFinite(ringing) ? step.started_ms + ringing : step.started_ms;
        lines.push({ at: answered, from: who, to: 1, words: t("ladder.answers"), code: "200" });
        talking = { at: answered, who };
      } else if (who > 0) lines.push({ at: end, from: who, to: 1, words: exitWords(step.exit ?? "", language) });
    } else if (step.app !== "condition" && step.app !== "time" && step.app !== "diversion" && step.app !== "prefix" && item) lines.push({ at: step.started_ms, from: 1, to: 0, words: plain(sentence(item, plan, language).title).slice(0, 34) });
  }
  const total = Math.max(...steps.map((step) => step.started_ms + (step.duration_ms ?? 0)), 0);
  const width = Math.max(460, columns.length * 120 + 60);
  const x = (column: number): number => 110 + column * ((width - 150) / Math.max(1, columns.length - 1));
  const y = (row: number): number => 68 + row * 34;
  const started = new Date(call.arrived).getTime();
  const talkRow = lines.length;
  const height = y(lines.length) + (talking ? 78 : 0) + 46;
  const number = (ms: number): string => (started ? new Date(started + ms).toLocaleTimeString(language === "nl" ? "nl-NL" : "en-GB", { minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 }) : lasted(ms, language));
  return (
    <svg className="ladder" viewBox={`0 0 ${width} ${height}`} width={width} role="img" aria-label={t("call.timeline")}>
      {columns.map(([name, more], index) => <g key={index}><text x={x(index)} y={18} textAnchor="middle" className="head">{name}</text><text x={x(index)} y={34} textAnchor="middle" className="more">{more}</text><line x1={x(index)} x2={x(index)} y1={46} y2={height - 12} className={index === 1 ? "us" : "life"} /></g>)}
      {lines.map((line, row) => {
        const [x1, x2] = [x(line.from), x(line.to)];
        const direction = x2 > x1 ? 1 : -1;
        return <g key={row} className={line.kind ?? ""}><text x={72} y={y(row) + 4} textAnchor="end" className="at">{number(line.at)}</text><line x1={x1} x2={x2 - direction * 4} y1={y(row)} y2={y(row)} className="arrow" /><path d={`M${x2} ${y(row)} l${-direction * 8} -4 v8 z`} className="tip" /><text x={Math.min(x1, x2) + 8} y={y(row) - 6} className="words">{line.words} {line.code && <tspan className="code">{line.code}</tspan>}</text></g>;
      })}
      {talking && <g><rect x={x(0) - 5} y={y(talkRow) - 14} width={10} height={64} rx={3} className="talk-end" /><rect x={x(talking.who) - 5} y={y(talkRow) - 14} width={10} height={64} rx={3} className="talk-end" /><rect x={x(0) + 5} y={y(talkRow) + 4} width={x(talking.who) - x(0) - 10} height={28} className="talk" /><text x={(x(0) + x(talking.who)) / 2} y={y(talkRow) + 22} textAnchor="middle" className="talk-words">{t("ladder.talking", { time: minutes((Math.max(total, call.lasted * 1000) - talking.at) / 1000) })}</text></g>}
      <text x={72} y={height - 12} textAnchor="end" className="at">{number(Math.max(total, call.lasted * 1000))}</text><text x={x(0) + 8} y={height - 12} className="words">{call.answered_by ? t("ladder.hangs_up") : t("ladder.end")}</text>
    </svg>
  );
}

class URLHost {
  readonly host: string;
  constructor(url: string) { this.host = /^https?:\/\/([^/?#:]+)/.exec(url)?.[1] ?? "webhook"; }
}

const PHASES = ["slot", "dns", "connect", "tls", "send", "first_byte", "read", "body"] as const;

function WebhookPanel({ step, plan }: { step: TraceStep; plan: Plan }) {
  const { t, language } = useWords();
  const item = itemAt(plan, itemPathOf(plan, step.path));
  const phases = (step.detail?.phases as Record<string, number> | undefined) ?? {};
  const total = phases.total ?? step.duration_ms ?? 0;
  const rows = [...PHASES.filter((name) => name in phases), ...Object.keys(phases).filter((name) => !(PHASES as readonly string[]).includes(name) && name !== "total")];
  let before = 0;
  const sent = step.detail?.sent as string | undefined;
  const received = step.detail?.received as string | undefined;
  return (
    <section className="panel">
      <header><Tile app="webhook" small /><h2 className="grow ellipsis">{item ? plain(sentence(item, plan, language).title) : "Webhook"}</h2>{step.exit === "ok" ? <span className="badge good round">✓ {lasted(total, language)}</span> : <span className="badge warn round"><Clock3 size={13} aria-hidden />{exitWords(step.exit ?? "", language)}{step.detail?.reason ? ` · ${reasonWords(String(step.detail.reason), t)}` : ""}</span>}</header>
      <div className="inside">
        {rows.length > 0 && <table className="phases"><caption className="sr">{t("call.phases")}</caption><tbody>{rows.map((name) => { const ms = phases[name]!; const left = (before / Math.max(total, 0.1)) * 100; before += ms; return <tr key={name}><th>{name in { slot: 1, dns: 1, connect: 1, tls: 1, send: 1, first_byte: 1, read: 1, body: 1 } ? t(`phase.${name}` as Word) : name}</th><td className="bar"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden><rect x={Math.min(99, left)} y="0" width={Math.max(0.8, Math.min(100 - left, (ms / Math.max(total, 0.1)) * 100))} height="10" rx="1" className={ms === Math.max(...rows.map((one) => phases[one]!)) ? "most" : ""} /></svg></td><td className="right">{ms.toLocaleString(language, { maximumFractionDigits: 1 })} ms</td></tr>; })}</tbody></table>}
        {step.detail?.detail ? <p className="quiet">{String(step.detail.detail)}</p> : null}
        {sent && <><h3 style={{ fontSize: 13, margin: "12px 0 6px" }}>{t("call.request")}</h3><pre className="mono code-block">{pretty(sent)}</pre></>}
        {received !== undefined && <p className="mono" style={{ color: "var(--good)", marginTop: 8 }}>↳ {String(step.detail?.status ?? "")} {received}</p>}
        {item && <button type="button" className="link" onClick={() => void navigator.clipboard?.writeText(`curl -X ${String((item.webhook as { method?: string }).method)} ${JSON.stringify((item.webhook as { url?: string }).url)}${sent ? ` -H 'Content-Type: application/json' -d '${sent.replaceAll("'", "'\\''")}'` : ""}`)}><Copy size={14} aria-hidden />curl</button>}
      </div>
    </section>
  );
}

function pretty(text: string): string {
  try { return JSON.stringify(JSON.parse(text), null, 1); } catch { return text; }
}
