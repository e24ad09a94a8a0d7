/** The whole company at a glance: numbers, plans, menus, queues, people, and how one leads to the other. */

import { useQuery } from "@tanstack/react-query";
import { AlertTriangle, CircleAlert, CircleCheck, FileDown, FileUp, ListTree, Phone, Plus, Search, User, X } from "lucide-react";
import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { get, listed, Refused } from "../api/client";
import type { CallRecord } from "../api/types";
import { useDraft } from "../editor/draft";
import { explain } from "../plan/problems";
import { shownAbroad } from "../plan/number";
import { everyItem, appOf, asRoute, settingsOf } from "../plan/route";
import { destination, strategyWords } from "../plan/sentence";
import type { Plan, Route } from "../plan/types";
import { AppIcon, Loading, Menu, toast } from "../ui/parts";
import { locale, useWords } from "../words";
import { planId, UndoRedo } from "../editor/plan-page";
import { Publish } from "../editor/publish";
import { FirstSteps } from "./first-steps";
import { useLive } from "./live-data";
import { useNewPlan } from "./plans";

interface Node { id: string; column: number; title: string; more: string; icon: ReactNode; kind: string; href: string; number: string; wrong?: boolean }

/** What a route leads to, by name of the node. */
function leadsTo(route: Route, plan: Plan): Set<string> {
  const found = new Set<string>();
  for (const { item } of everyItem(route, "")) {
    const s = settingsOf(item);
    const app = appOf(item);
    if (app === "menu" || (app === "goto" && s.menu)) found.add(`menu ${String(app === "menu" ? s.name : s.menu)}`);
    if (app === "goto" && s.dial_plan) found.add(`plan ${String(s.dial_plan)}`);
    const number = String((app === "connect" && s.to) || (app === "queue" && s.number) || (app === "voicemail" && s.box) || "");
    const place = number ? destination(plan, number) : undefined;
    if (place) found.add(place.kind === "plan" ? `plan ${place.name}` : `${place.kind} ${number}`);
  }
  return found;
}

function map(plan: Plan, company: string, language: "nl" | "en", noPlan: string): { nodes: Node[]; links: [string, string][] } {
  const nodes: Node[] = [];
  const links: [string, string][] = [];
  const icon = (app: string): ReactNode => <AppIcon app={app} size={16} />;
  const numbered = new Set((plan.dial_plans ?? []).flatMap((own) => own.external_numbers ?? []).map((number) => number.replace(/\D/g, "")));
  (plan.dial_plans ?? []).forEach((own, index) => {
    const id = `plan ${own.name}`;
    for (const number of own.external_numbers ?? []) { nodes.push({ id: `number ${number}`, column: 0, title: shownAbroad(number), more: own.name, icon: <Phone size={16} />, kind: "move", href: `/c/${company}/plans/${planId(own, index)}`, number }); links.push([`number ${number}`, id]); }
    nodes.push({ id, column: 1, title: own.name, more: own.internal_number ?? "", icon: <ListTree size={16} />, kind: "move", href: `/c/${company}/plans/${planId(own, index)}`, number: own.internal_number ?? "" });
    for (const to of leadsTo(own.route ?? [], plan)) links.push([id, to]);
  });
  for (const trunk of plan.trunks ?? [])
    for (const number of trunk.numbers ?? [])
      if (!numbered.has(number.replace(/\D/g, ""))) nodes.push({ id: `number ${number}`, column: 0, title: shownAbroad(number), more: noPlan, icon: <Phone size={16} />, kind: "move", href: `/c/${company}/plans`, number, wrong: true });
  for (const menu of plan.ivr_menus ?? []) {
    nodes.push({ id: `menu ${menu.name}`, column: 2, title: menu.name, more: Object.keys(menu.contexts ?? {}).join(", "), icon: icon("menu"), kind: "decide", href: `/c/${company}/menus/${encodeURIComponent(menu.name)}`, number: "" });
    for (const context of Object.values(menu.contexts ?? {}))
      for (const route of [context.start, context.invalid, context.no_input, ...Object.values(context.keys ?? {}).map((key) => (Array.isArray(key) ? key : key.route))])
        for (const to of leadsTo(asRoute(route), plan)) if (to !== `menu ${menu.name}`) links.push([`menu ${menu.name}`, to]);
  }
  for (const group of plan.ring_groups ?? []) { nodes.push({ id: `group ${group.number}`, column: 3, title: group.name, more: `${group.number} · ${strategyWords(group.strategy, language)}`, icon: icon("ring_group"), kind: "ring", href: `/c/${company}/people/groups/${encodeURIComponent(group.number)}`, number: group.number }); for (const member of group.members ?? []) links.push([`group ${group.number}`, `user ${member}`]); }
  for (const queue of plan.queues ?? []) { nodes.push({ id: `queue ${queue.number}`, column: 3, title: queue.name, more: queue.number, icon: icon("queue"), kind: "ring", href: `/c/${company}/people/queues/${encodeURIComponent(queue.number)}`, number: queue.number }); for (const agent of queue.agents ?? []) links.push([`queue ${queue.number}`, `user ${agent.user}`]); }
  for (const box of plan.voicemail_boxes ?? []) nodes.push({ id: `voicemail ${box.number}`, column: 3, title: box.name, more: box.number, icon: icon("voicemail"), kind: "play", href: `/c/${company}/people/voicemail/${encodeURIComponent(box.number)}`, number: box.number });
  for (const user of plan.users ?? []) nodes.push({ id: `user ${user.number}`, column: 4, title: user.name, more: user.number, icon: <User size={16} />, kind: "move", href: `/c/${company}/people/users/${encodeURIComponent(user.number)}`, number: user.number });
  const known = new Set(nodes.map((node) => node.id));
  return { nodes, links: [...new Map(links.filter(([from, to]) => known.has(from) && known.has(to)).map((link) => [link.join("|"), link])).values()] };
}

function reach(from: string, links: readonly [string, string][]): Set<string> {
  const found = new Set([from]);
  for (let grown = true; grown;) { grown = false; for (const [a, b] of links) if (found.has(a) && !found.has(b)) { found.add(b); grown = true; } }
  return found;
}

export function OverviewPage({ company }: { company: string }) {
  const { t, language } = useWords();
  const { draft, state } = useDraft();
  const live = useLive(company);
  const newPlan = useNewPlan(company);
  const [query, setQuery] = useState("");
  const [picked, setPicked] = useState("");
  const [table, setTable] = useState(false);
  const [publishing, setPublishing] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const day = new Date();
  day.setHours(0, 0, 0, 0);
  const calls = useQuery({ queryKey: ["calls-today", company], queryFn: async () => listed(await get<CallRecord[]>(`/companies/${company}/calls?limit=200&from=${encodeURIComponent(day.toISOString())}`)), retry: false });
  const plan = state?.history.now.plan;
  const { nodes, links } = useMemo(() => (plan ? map(plan, company, language, t("overview.no_plan")) : { nodes: [], links: [] }), [plan, company, language, t]);
  if (!state || !plan) return <Loading lines={6} />;
  const wanted = query.trim().toLowerCase();
  const hit = wanted ? nodes.find((node) => node.title.toLowerCase().includes(wanted) || node.number.includes(wanted.replace(/\s/g, ""))) : undefined;
  const from = picked || hit?.id || "";
  const lit = from ? reach(from, links) : new Set<string>();
  const fromNode = nodes.find((node) => node.id === from);
  const columns = [["overview.numbers", 0], ["overview.plans", 1], ["overview.menus", 2], ["overview.groups", 3], ["overview.people", 4]] as const;
  const state_of = (number: string): string => live.presence(number);
  const errors = state.problems.slice().sort((a, b) => (a.severity === b.severity ? 0 : a.severity === "error" ? -1 : 1));
  const today = calls.data ?? [];
  const answered = today.filter((call) => call.outcome === "connected").length;
  const importPlan = async (chosen: File): Promise<void> => {
    try {
      await draft.take(await chosen.text());
    } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); }
  };
  return (
    <main className="main" id="content">
      <header className="top">
        <h1>{plan.company.name}</h1>
        {plan.company.country && <span className="badge">{new Intl.DisplayNames([language], { type: "region" }).of(plan.company.country)}</span>}
        {plan.company.timezone && <span className="badge">{plan.company.timezone}</span>}
        <span className="spacer" /><UndoRedo />
        <input ref={file} type="file" accept=".yaml,.yml,.json" hidden onChange={(event) => { const chosen = event.target.files?.[0]; if (chosen) void importPlan(chosen); event.target.value = ""; }} />
        {!state.readOnly && <Menu label={t("overview.export")} className="button" button={<><FileDown size={16} aria-hidden />{t("overview.export")}</>}>
          {(close) => <><a href={`/api/v1/companies/${company}/draft/plan.yaml`} download onClick={close}><FileDown size={15} aria-hidden />{t("overview.export")}</a><button type="button" onClick={() => { close(); file.current?.click(); }}><FileUp size={15} aria-hidden />{t("overview.import")}</button></>}
        </Menu>}
        {!state.readOnly && <button type="button" className="button primary" onClick={newPlan}><Plus size={16} aria-hidden />{t("editor.new_plan")}</button>}
      </header>
      <div className="scroll"><div className="page">
        <FirstSteps company={company} onPlan={newPlan} onPublish={() => setPublishing(true)} />
        {nodes.length > 0 && <div className="row" style={{ marginBottom: 16, flexWrap: "wrap" }}>
          <label className="search-box"><Search size={16} aria-hidden /><input className="input" type="search" value={query} placeholder={t("overview.find")} aria-label={t("overview.find")} onChange={(event) => { setQuery(event.target.value); setPicked(""); }} /></label>
          {fromNode && <button type="button" className="badge accent round" style={{ border: 0, cursor: "pointer", minHeight: 28 }} onClick={() => { setPicked(""); setQuery(""); }}>{t("overview.where", { name: fromNode.title })}<X size={14} aria-hidden /></button>}
          <span className="grow" />
          {(["free", "ringing", "busy", "off"] as const).map((word) => <span key={word} className="row quiet" style={{ fontSize: 12.5, gap: 6 }}><i className={`dot ${word}`} aria-hidden />{t(`overview.${word}`)}</span>)}
          <button type="button" className="button small" onClick={() => setTable(!table)}>{t(table ? "overview.map" : "overview.table")}</button>
        </div>}
        {nodes.length === 0 ? null : table ? <Table nodes={nodes} links={links} /> : (
          <MapOf nodes={nodes} links={links} lit={lit} from={from}>
            {columns.map(([word, column]) => (
              <div key={word} className="map-column">
                <h2>{t(word)} <span className="quiet">{nodes.filter((node) => node.column === column).length}</span></h2>
                {nodes.filter((node) => node.column === column).map((node) => (
                  <div key={node.id} className={`map-node${lit.has(node.id) ? " lit" : ""}${from === node.id ? " from" : ""}${from && !lit.has(node.id) ? " dim" : ""}${node.wrong ? " wrong" : ""}`} data-node={node.id} onMouseEnter={() => { if (!wanted) setPicked(node.id); }} onMouseLeave={() => { if (!wanted) setPicked(""); }}>
                    <span className={`tile ${node.kind}`} aria-hidden>{node.icon}</span>
                    <Link href={node.href} className="two" onFocus={() => setPicked(node.id)} onBlur={() => setPicked("")}><b>{node.title}</b><span>{node.more}</span></Link>
                    {node.wrong && <CircleAlert size={16} aria-hidden />}
                    {node.column === 4 && <i className={`dot ${state_of(node.number)}`} role="img" aria-label={t(`overview.${state_of(node.number) as "free"}`)} />}
                  </div>
                ))}
              </div>
            ))}
          </MapOf>
        )}
        {nodes.length > 0 && <section className="panel overview-foot">
          <div>
            <h2>{fromNode?.title ?? plan.dial_plans?.[0]?.name ?? plan.company.name}</h2>
            <p>{t("overview.reaches", { plan: fromNode?.title ?? plan.dial_plans?.[0]?.name ?? "–", count: [...(from ? lit : reach(`plan ${plan.dial_plans?.[0]?.name ?? ""}`, links))].filter((id) => id.startsWith("user ")).length })}</p>
          </div>
          <div>
            <h2>{t("overview.today")}</h2>
            <div className="figures"><span><b>{today.length.toLocaleString(locale(language))}</b>{t("overview.calls")}</span><span><b>{today.length ? `${Math.round((answered / today.length) * 100)}%` : "–"}</b>{t("overview.answered")}</span><span><b>{live.data?.calls.length ?? 0}</b>{t("overview.on_line")}</span></div>
          </div>
          <div>
            <h2>{t("overview.attention")}</h2>
            {errors.length === 0 && <p className="row"><CircleCheck size={16} color="var(--good)" aria-hidden />{t("overview.all_fine")}</p>}
            {errors.slice(0, 4).map((problem, index) => <p key={index} className="row" style={{ color: problem.severity === "error" ? "var(--bad)" : undefined, fontSize: 13, alignItems: "flex-start" }}>{problem.severity === "error" ? <CircleAlert size={15} aria-hidden /> : <AlertTriangle size={15} color="var(--warn)" aria-hidden />}<span>{explain(problem, plan, language).text}</span></p>)}
            {errors.length > 4 && <p className="quiet">{t("problem.more", { count: errors.length - 4 })}</p>}
          </div>
        </section>}
      </div></div>
      {publishing && <Publish onClose={() => setPublishing(false)} onGo={() => setPublishing(false)} />}
    </main>
  );
}

interface Point { x: number; y: number }
interface Box { left: number; right: number; top: number; bottom: number }

/** Where a line passes the columns between its ends: through the gap that is nearest to the straight way. */
function lanes(from: Point, to: Point, boxes: readonly Box[]): { left: number; right: number; y: number }[] {
  const between = boxes.filter((box) => box.left > from.x && box.right < to.x);
  const columns = [...new Set(between.map((box) => Math.round(box.left)))].sort((a, b) => a - b);
  return columns.map((left) => {
    const own = between.filter((box) => Math.round(box.left) === left).sort((a, b) => a.top - b.top);
    const straight = from.y + ((to.y - from.y) * (left - from.x)) / (to.x - from.x);
    const gaps = [own[0]!.top - 9, ...own.map((box, index) => (own[index + 1] ? (box.bottom + own[index + 1]!.top) / 2 : box.bottom + 9 + index))];
    const free = straight > own.at(-1)!.bottom + 9 ? straight : gaps.reduce((best, gap) => (Math.abs(gap - straight) < Math.abs(best - straight) ? gap : best));
    return { left, right: own[0]!.right, y: free };
  });
}

function way(from: Point, to: Point, through: readonly { left: number; right: number; y: number }[]): string {
  const curve = (a: Point, b: Point): string => { const bend = (b.x - a.x) / 2; return ` C${a.x + bend} ${a.y} ${b.x - bend} ${b.y} ${b.x} ${b.y}`; };
  let path = "";
  let at = from;
  for (const lane of through) {
    path += `${curve(at, { x: lane.left - 4, y: lane.y })} L${lane.right + 4} ${lane.y}`;
    at = { x: lane.right + 4, y: lane.y };
  }
  return path + curve(at, to);
}

function MapOf({ nodes, links, lit, from, children }: { nodes: readonly Node[]; links: readonly [string, string][]; lit: ReadonlySet<string>; from: string; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [paths, setPaths] = useState<{ d: string; on: boolean }[]>([]);
  useLayoutEffect(() => {
    const element = box.current!;
    const draw = (): void => {
      const origin = element.getBoundingClientRect();
      const spots = new Map([...element.querySelectorAll<HTMLElement>("[data-node]")].map((node) => [node.dataset.node!, node.getBoundingClientRect()]));
      const boxes = [...spots.values()].map((box) => ({ left: box.left - origin.left, right: box.right - origin.left, top: box.top - origin.top, bottom: box.bottom - origin.top }));
      setPaths(links.flatMap(([a, b]) => {
        const [one, other] = [spots.get(a), spots.get(b)];
        if (!one || !other || other.left <= one.left) return [];
        const from = { x: one.right - origin.left, y: one.top + one.height / 2 - origin.top };
        const to = { x: other.left - origin.left, y: other.top + other.height / 2 - origin.top };
        return [{ d: `M${from.x} ${from.y}${way(from, to, lanes(from, to, boxes))}`, on: lit.has(a) && lit.has(b) }];
      }).sort((a, b) => Number(a.on) - Number(b.on)));
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [nodes, links, from]); // eslint-disable-line
  return (
    <div className="map" ref={box}>
      <svg aria-hidden>{paths.map((path, index) => <path key={index} d={path.d} className={path.on ? "on" : ""} />)}</svg>
      {children}
    </div>
  );
}

function Table({ nodes, links }: { nodes: readonly Node[]; links: readonly [string, string][] }) {
  const { t } = useWords();
  const name = (id: string): string => nodes.find((node) => node.id === id)?.title ?? id;
  const heads = ["overview.numbers", "overview.plans", "overview.menus", "overview.groups", "overview.people"] as const;
  return (
    <div className="panel" style={{ overflow: "auto" }}><table className="table">
      <thead><tr><th>{t("form.name")}</th><th>{t("form.number")}</th><th>{t("form.where_to")}</th></tr></thead>
      <tbody>{nodes.map((node) => <tr key={node.id}><td><Link href={node.href}>{node.title}</Link><br /><span className="quiet">{t(heads[node.column]!)}</span></td><td>{node.more}</td><td>{links.filter(([from]) => from === node.id).map(([, to]) => name(to)).join(", ")}</td></tr>)}</tbody>
    </table></div>
  );
}
