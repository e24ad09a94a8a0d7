/** A menu: its contexts, what is heard, and a keypad of routes. */

import { Clock3, Grip, Plus, Trash2, X, AlertTriangle } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useApps } from "../api/queries";
import { ConflictDialog } from "../editor/conflict";
import { useDraft } from "../editor/draft";
import { DraftBar, planId, UndoRedo } from "../editor/plan-page";
import { Publish } from "../editor/publish";
import { RouteEditor } from "../editor/route-editor";
import { put } from "../plan/path";
import { appOf, asRoute, everyItem, numbersOf, settingsOf } from "../plan/route";
import { summary } from "../plan/sentence";
import type { Context, Menu as IvrMenu, Plan, Route } from "../plan/types";
import { AppIcon, Empty, kindOf, Loading, Menu, TextField, Tile, toast } from "../ui/parts";
import { useWords } from "../words";
import { freeEntryName } from "./plans";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export function MenusPage({ company }: { company: string }) {
  const { t } = useWords();
  const { draft, state } = useDraft();
  const [, navigate] = useLocation();
  const [publishing, setPublishing] = useState(false);
  if (!state) return <Loading />;
  const plan = state.history.now.plan;
  const menus = plan.ivr_menus ?? [];
  const language = plan.company.language ?? "nl";
  const add = (): void => {
    const name = freeEntryName(menus, "menu");
    const menu: IvrMenu = { name, start: language, contexts: { [language]: { timeout: 5, start: [{ announce: { say: "" } }], keys: {}, invalid: [], no_input: [] } } };
    draft.edit({ ...draft.plan, ivr_menus: [...menus, menu] }, "");
    navigate(`/c/${company}/menus/${name}`);
  };
  const button = !state.readOnly && <button type="button" className="button" onClick={add}><Plus size={16} aria-hidden />{t("menus.new")}</button>;
  return (
    <main className="main" id="content">
      <header className="top"><h1>{t("nav.menus")}</h1><span className="spacer" /><UndoRedo /><DraftBar company={company} onPublish={() => setPublishing(true)}>{button}</DraftBar></header>
      <div className="scroll"><div className="page">
        {menus.length === 0 ? <Empty title={t("menus.none")} more={t("menus.none_more")}>{button}</Empty> : (
          <ul className="stack" style={{ gap: 10 }}>
            {menus.map((menu) => {
              const contexts = Object.entries(menu.contexts ?? {});
              return (
                <li key={menu.name}><Link className="panel plan-row" href={`/c/${company}/menus/${encodeURIComponent(menu.name)}`}>
                  <Tile app="menu" /><span className="two"><b>{menu.name}</b><span className="quiet">{contexts.map(([name]) => name).join(", ")}</span></span>
                  <span className="quiet grow ellipsis">{Object.entries(contexts[0]?.[1].keys ?? {}).map(([key, value]) => `${key} ${Array.isArray(value) ? "" : (value.label ?? "")}`.trim()).join(" · ")}</span>
                </Link></li>
              );
            })}
          </ul>
        )}
      </div></div>
      {publishing && <Publish onClose={() => setPublishing(false)} onGo={() => setPublishing(false)} />}
    </main>
  );
}

/** Where a menu is entered from: the plan and the step. */
function usedIn(plan: Plan, name: string): { plan: number; number: string }[] {
  return (plan.dial_plans ?? []).flatMap((own, index) => {
    const top = `dial_plans[${index}].route`;
    const numbers = numbersOf(own.route ?? [], top);
    return [...everyItem(own.route ?? [], top)].filter(({ item }) => (appOf(item) === "menu" && settingsOf(item).name === name) || (appOf(item) === "goto" && settingsOf(item).menu === name)).map(({ path }) => ({ plan: index, number: numbers.get(path) ?? "" }));
  });
}

export function MenuPage({ company, name }: { company: string; name: string }) {
  const { t, language } = useWords();
  const { draft, state } = useDraft();
  const apps = useApps();
  const [, navigate] = useLocation();
  const [shown, setShown] = useState("");
  const [place, setPlace] = useState(""); // "key 2", "start", "invalid", "no_input"
  const [publishing, setPublishing] = useState(false);
  const [adding, setAdding] = useState<string | null>(null);
  if (!state || !apps.data) return <Loading lines={5} />;
  const plan = state.history.now.plan;
  const index = plan.ivr_menus?.findIndex((menu) => menu.name === name) ?? -1;
  const menu = plan.ivr_menus?.[index];
  if (!menu) return <Empty title={t("state.not_found")}><Link className="button" href={`/c/${company}/menus`}>{t("nav.menus")}</Link></Empty>;
  const contextName = shown && menu.contexts[shown] ? shown : menu.start in menu.contexts ? menu.start : (Object.keys(menu.contexts)[0] ?? "");
  const context: Context = menu.contexts[contextName] ?? {};
  const base = ["ivr_menus", index, "contexts", contextName] as const;
  const keyRoute = (key: string): Route => { const value = context.keys?.[key]; return Array.isArray(value) ? value : asRoute(value?.route); };
  const label = (key: string): string => { const value = context.keys?.[key]; return !value || Array.isArray(value) ? "" : (value.label ?? ""); };
  const set = (keys: readonly (string | number)[], value: unknown, mark = ""): void => draft.edit(put(draft.plan, keys, value), undefined, mark);
  const openKey = (key: string): void => {
    if (!context.keys?.[key] && state.readOnly) return;
    if (!context.keys?.[key]) set([...base, "keys", key], { label: "", route: [] });
    setPlace(`key ${key}`);
    draft.choose("");
  };
  const key = place.startsWith("key ") ? place.slice(4) : "";
  const keyValue = key ? context.keys?.[key] : undefined;
  const path = key ? `ivr_menus[${index}].contexts.${contextName}.keys.${key}${keyValue && !Array.isArray(keyValue) ? ".route" : ""}` : place ? `ivr_menus[${index}].contexts.${contextName}.${place}` : "";
  const spokenText = (context.start ?? []).filter((item) => appOf(item) === "announce").map((item) => String(settingsOf(item).say ?? "")).join(" ");
  const unnamed = Object.keys(context.keys ?? {}).filter((one) => !["0", "*", "#"].includes(one) && keyRoute(one).length && spokenText && !spokenText.includes(one));
  const languageName = (code: string): string => (/^[a-z]{2}$/.test(code) ? (new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code) : code);
  const errors = (prefix: string): number => state.problems.filter((problem) => problem.severity === "error" && problem.path.startsWith(prefix)).length;
  const remove = (): void => {
    draft.edit({ ...draft.plan, ivr_menus: draft.plan.ivr_menus!.filter((_, at) => at !== index) }, "");
    toast(t("editor.removed", { title: menu.name }), { words: t("action.undo"), run: () => draft.undo() });
    navigate(`/c/${company}/menus`);
  };
  const rename = (next: string): void => {
    if (!next || plan.ivr_menus!.some((other) => other.name === next)) return;
    const visit = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(visit);
      if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([app, part]) => [app, (app === "menu" && part && typeof part === "object" && (part as { name?: string }).name === name) ? { ...(part as object), name: next } : app === "goto" && (part as { menu?: string })?.menu === name ? { ...(part as object), menu: next } : visit(part)]));
      return value;
    };
    const renamed = visit(draft.plan) as Plan;
    draft.edit(put(renamed, ["ivr_menus", index, "name"], next), undefined, "menu.name");
    navigate(`/c/${company}/menus/${encodeURIComponent(next)}`, { replace: true });
  };
  return (
    <main className="main" id="content">
      <header className="top">
        <span className="crumb"><Link href={`/c/${company}/menus`}>{t("nav.menus")}</Link> /</span><h1>{menu.name}</h1>
        <span className="badge">{t(Object.keys(menu.contexts).length === 1 ? "menus.contexts_one" : "menus.contexts_other", { count: Object.keys(menu.contexts).length })}</span>
        {!state.readOnly && <Menu label={t("action.more")} button={<span aria-hidden>···</span>} align="left">
          {(close) => (<><div style={{ padding: 8 }}><TextField label={t("form.name")} value={menu.name} onChange={rename} /></div><button type="button" onClick={() => { close(); remove(); }}><Trash2 size={15} aria-hidden />{t("action.delete")}</button></>)}
        </Menu>}
        <span className="spacer" /><UndoRedo /><DraftBar company={company} onPublish={() => setPublishing(true)} />
      </header>
      <div className={`menu-layout${path ? " open" : ""}`}>
        <div className="scroll"><div className="page" style={{ maxWidth: 980 }}>
          <div className="row" style={{ marginBottom: 16, flexWrap: "wrap" }}>
            {Object.keys(menu.contexts).map((one) => (
              <button key={one} type="button" className={`button${one === contextName ? "" : " bare"}`} aria-pressed={one === contextName} onClick={() => { setShown(one); setPlace(""); }}><span className="badge">{one}</span>{languageName(one) !== one && languageName(one)}{one === menu.start && <span className="quiet">{t("menus.begin")}</span>}</button>
            ))}
            {state.readOnly ? null : adding === null ? <button type="button" className="button bare" onClick={() => setAdding("")}><Plus size={15} aria-hidden />{t("menus.context")}</button> : (
              <form className="row" onSubmit={(event) => { event.preventDefault(); const next = adding.trim(); if (next && !(next in menu.contexts)) { set(["ivr_menus", index, "contexts", next], { timeout: 5, start: [{ announce: { say: "", ...(/^(nl|en)$/.test(next) ? { language: next } : {}) } }], keys: {} }); setShown(next); } setAdding(null); }}>
                <input className="input" autoFocus value={adding} onChange={(event) => setAdding(event.target.value)} aria-label={t("menus.new_context")} placeholder={t("menus.new_context")} onBlur={() => { if (!adding) setAdding(null); }} />
              </form>
            )}
            <span className="grow" />
            {usedIn(plan, name).slice(0, 2).map((use) => <span key={`${use.plan} ${use.number}`} className="quiet">{t("menus.used_in")} <Link href={`/c/${company}/plans/${planId(plan.dial_plans![use.plan]!, use.plan)}`}>{plan.dial_plans![use.plan]!.name}, {t("editor.step", { number: use.number })}</Link></span>)}
          </div>
          <section className="panel" style={{ marginBottom: 14 }}>
            <button type="button" className="menu-start" onClick={() => { setPlace("start"); draft.choose(""); }}>
              <Tile app="announce" /><span className="grow"><b>{t("menus.start")}</b><span className="said">{spokenText ? `“${spokenText}”` : summary(context.start ?? [], plan, language)}</span></span>
              {errors(`ivr_menus[${index}].contexts.${contextName}.start`) > 0 && <span className="badge bad round">{errors(`ivr_menus[${index}].contexts.${contextName}.start`)}</span>}
            </button>
            {unnamed.length > 0 && <p className="start-warning"><AlertTriangle size={15} aria-hidden />{t("menus.unnamed", { keys: unnamed.join(", ") })}</p>}
          </section>
          <div className="key-grid">
            {KEYS.map((one) => {
              const route = keyRoute(one);
              const has = one in (context.keys ?? {});
              const app = route[0] ? appOf(route[0]) : "";
              return (
                <button key={one} type="button" className={`key${has ? "" : " free"}${place === `key ${one}` ? " chosen" : ""}`} disabled={state.readOnly && !has} onClick={() => openKey(one)} aria-expanded={place === `key ${one}`}>
                  <span className="digit">{one}</span>
                  {has ? <span className="what"><b>{label(one) || (route.length ? "" : "…")}</b><span className="quiet row" style={{ gap: 6 }}>{app && <span className={`ink ${kindOf(app)}`}><AppIcon app={app} size={15} /></span>}<span className="ellipsis">{route.length ? summary(route, plan, language) : t("menus.below")}</span></span></span> : <span className="quiet row">{!state.readOnly && <><Plus size={14} aria-hidden />{t("menus.route")}</>}</span>}
                  {errors(`ivr_menus[${index}].contexts.${contextName}.keys.${one}`) > 0 && <span className="badge bad round">!</span>}
                </button>
              );
            })}
          </div>
          <div className="two-up">
            <div className="panel key-else">
              <button type="button" onClick={() => { setPlace("no_input"); draft.choose(""); }}><span className="tile"><Clock3 size={17} aria-hidden /></span><span className="grow"><b>{t("menus.no_input")}</b><span className="quiet">{(context.no_input ?? []).length ? summary(context.no_input ?? [], plan, language) : t("menus.below")}</span></span></button>
              <label className="row quiet">{t("menus.no_input_within")} <span className="with-unit"><input className="input" style={{ width: 64 }} type="number" min={1} max={60} disabled={state.readOnly} value={context.timeout ?? 5} onChange={(event) => set([...base, "timeout"], event.target.value === "" ? undefined : event.target.valueAsNumber, "menu.timeout")} /><span className="unit">s</span></span></label>
            </div>
            <div className="panel key-else"><button type="button" onClick={() => { setPlace("invalid"); draft.choose(""); }}><span className="tile"><X size={17} aria-hidden /></span><span className="grow"><b>{t("menus.invalid")}</b><span className="quiet">{(context.invalid ?? []).length ? summary(context.invalid ?? [], plan, language) : t("menus.below")}</span></span></button></div>
          </div>
        </div></div>
        {path && (
          <section className="key-pane" aria-label={key ? t("menus.key", { key }) : t("menus.route")}>
            <header>
              {key ? <span className="digit-box" aria-hidden>{key}</span> : <Tile app="announce" />}
              <div className="grow">{key && keyValue && !Array.isArray(keyValue) && !state.readOnly ? <input className="input" aria-label={t("menus.label")} placeholder={t("menus.label")} value={label(key)} onChange={(event) => set([...base, "keys", key, "label"], event.target.value, `menu.label.${key}`)} /> : <h2>{key ? label(key) || t("menus.key", { key }) : place === "start" ? t("menus.start") : place === "invalid" ? t("menus.invalid") : t("menus.no_input")}</h2>}</div>
              {key && !state.readOnly && <button type="button" className="icon-button" aria-label={t("action.delete")} onClick={() => { set([...base, "keys", key], undefined); setPlace(""); toast(t("editor.removed", { title: t("menus.key", { key }) }), { words: t("action.undo"), run: () => draft.undo() }); }}><Trash2 size={16} /></button>}
              <button type="button" className="icon-button" aria-label={t("action.close")} onClick={() => setPlace("")}><X size={18} /></button>
            </header>
            <RouteEditor key={path} company={company} top={path} apps={apps.data} palette={false} emptyStart={false}
              begin={<div className="rail-end"><span className="node"><Grip size={12} aria-hidden /></span><span>{key ? <>{t("menus.presses")} <b>{key}</b></> : place === "start" ? t("menus.start") : t(place === "invalid" ? "menus.invalid" : "menus.no_input")}</span></div>} />
          </section>
        )}
      </div>
      {publishing && <Publish onClose={() => setPublishing(false)} onGo={() => setPublishing(false)} />}
      <ConflictDialog />
    </main>
  );
}
