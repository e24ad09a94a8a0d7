/** A dial plan: the top bar, the route, and whatever stands at the right. */

import { History as HistoryIcon, LifeBuoy, Phone, PhoneCall, Pencil, Plus, Redo2, Square, Trash2, Undo2, CircleAlert, Ellipsis, FileDown } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { shownAbroad } from "../plan/number";
import { destination } from "../plan/sentence";
import { put } from "../plan/path";
import type { DialPlan, Plan } from "../plan/types";
import { useApps } from "../api/queries";
import { useWords } from "../words";
import { Dialog, Empty, ListField, Loading, Menu, TextField, toast } from "../ui/parts";
import { ConflictDialog } from "./conflict";
import { useDraft } from "./draft";
import { Publish } from "./publish";
import { RouteEditor } from "./route-editor";
import { TestCall, useTestCall } from "./test-call";

export function DraftBar({ company, onPublish, children }: { company: string; onPublish: () => void; children?: React.ReactNode }) {
  const { t } = useWords();
  const { state } = useDraft();
  const [, navigate] = useLocation();
  if (!state) return null;
  const errors = state.problems.filter((problem) => problem.severity === "error").length;
  const fresh = state.changes === 0 && state.saving === "saved";
  if (state.readOnly) return <><span className="version"><span className={`dot ${state.base ? "free" : "off"}`} aria-hidden /><span>{state.base ? <><b>{t("editor.version", { number: state.base })}</b> · {t("editor.published")}</> : t("editor.never")}</span></span>{children}</>;
  return (
    <>
      <button type="button" className="version" onClick={() => navigate(`/c/${company}/settings/versions`)} title={t("history.title")}>
        <span className={`dot ${fresh && state.base ? "free" : "busy"}`} aria-hidden />
        <span><b>{t("editor.version", { number: fresh && state.base ? state.base : state.base + 1 })}</b> · {fresh ? (state.base ? t("editor.published") : t("editor.never")) : <>{t("editor.draft")}{state.changes > 0 && <> · {t(state.changes === 1 ? "editor.changes_one" : "editor.changes_other", { count: state.changes })}</>}</>}</span>
      </button>
      {errors > 0 && <button type="button" className="badge bad round" style={{ border: 0, cursor: "pointer", minHeight: 24 }} onClick={() => window.dispatchEvent(new Event("belplan:next-problem"))}><CircleAlert size={14} aria-hidden />{t(errors === 1 ? "editor.problems_one" : "editor.problems_other", { count: errors })}</button>}
      {children}
      <button type="button" className="button primary" disabled={errors > 0 || (fresh && state.base > 0)} onClick={onPublish}>{t("editor.publish")}</button>
    </>
  );
}

export function UndoRedo() {
  const { t } = useWords();
  const { draft, state } = useDraft();
  if (state?.readOnly) return null;
  return (
    <span className="row" style={{ gap: 2 }}>
      <button type="button" className="icon-button" aria-label={t("action.undo")} title="Ctrl Z" disabled={!state?.history.past.length} onClick={() => draft.undo()}><Undo2 size={17} /></button>
      <button type="button" className="icon-button" aria-label={t("action.redo")} title="Ctrl Shift Z" disabled={!state?.history.future.length} onClick={() => draft.redo()}><Redo2 size={17} /></button>
    </span>
  );
}

export const planId = (plan: DialPlan, index: number): string => plan.id || String(index);

export function PlanPage({ company, id }: { company: string; id: string }) {
  const { t } = useWords();
  const { draft, state } = useDraft();
  const apps = useApps();
  const [, navigate] = useLocation();
  const [publishing, setPublishing] = useState(false);
  const [editing, setEditing] = useState(false);
  const test = useTestCall();
  if (!state || !apps.data) return <Loading lines={6} />;
  const plan = state.history.now.plan;
  const index = plan.dial_plans?.findIndex((entry, place) => planId(entry, place) === id) ?? -1;
  const own = plan.dial_plans?.[index];
  if (!own) return <Empty title={t("state.not_found")}><Link className="button" href={`/c/${company}/plans`}>{t("nav.plans")}</Link></Empty>;
  const top = `dial_plans[${index}].route`;
  const external = own.external_numbers?.[0];
  const removePlan = (): void => {
    draft.edit({ ...draft.plan, dial_plans: draft.plan.dial_plans!.filter((_, place) => place !== index) }, "");
    toast(t("editor.removed", { title: own.name }), { words: t("action.undo"), run: () => draft.undo() });
    navigate(`/c/${company}/plans`);
  };
  const starts = test.open ? test.begin(own) : (
    <div className="rail-end"><span className="node"><Phone size={13} aria-hidden /></span><span>{external ? <>{t("editor.someone_calls")} <b>{shownAbroad(external)}</b></> : <>{t("editor.someone_dials")} <b>{own.internal_number ?? "…"}</b></>}</span>{!external && !state.readOnly && <button type="button" className="link" onClick={() => setEditing(true)}>{t("editor.give_number")}</button>}</div>
  );
  return (
    <main className="main" id="content">
      <header className="top">
        <span className="crumb"><Link href={`/c/${company}/plans`}>{t("nav.plans")}</Link> /</span>
        <h1>{own.name}</h1>
        {own.internal_number && <span className="badge">{own.internal_number}</span>}
        {own.external_numbers?.slice(0, 2).map((number) => <span key={number} className="badge">{shownAbroad(number)}</span>)}
        {!state.readOnly && <Menu label={t("editor.plan_settings")} button={<Ellipsis size={17} aria-hidden />} align="left">
          {(close) => (
            <>
              <button type="button" onClick={() => { close(); setEditing(true); }}><Pencil size={15} aria-hidden />{t("editor.plan_settings")}</button>
              <a href={`/api/v1/companies/${company}/draft/plan.yaml`} download onClick={close}><FileDown size={15} aria-hidden />{t("editor.yaml")}</a>
              <button type="button" onClick={() => { close(); navigate(`/c/${company}/settings/versions`); }}><HistoryIcon size={15} aria-hidden />{t("history.title")}</button>
              <hr />
              <button type="button" onClick={() => { close(); removePlan(); }}><Trash2 size={15} aria-hidden />{t("editor.delete_plan")}</button>
            </>
          )}
        </Menu>}
        <span className="spacer" />
        {!test.open && <UndoRedo />}
        <DraftBar company={company} onPublish={() => setPublishing(true)}>
          <button type="button" className={`button${test.open ? " chosen" : ""}`} onClick={() => test.setOpen(!test.open)}>{test.open ? <><Square size={14} aria-hidden />{t("editor.stop_test")}</> : <><PhoneCall size={16} aria-hidden />{t("editor.test_call")}</>}</button>
        </DraftBar>
      </header>
      <RouteEditor key={top} company={company} top={top} apps={apps.data} trace={test.open ? test.trace(top, plan) : undefined} onTest={() => test.setOpen(true)} begin={starts} end={<RailEnd plan={plan} company={company} walked={test.open} />} aside={test.open ? <TestCall test={test} plan={plan} own={own} /> : undefined} />
      {publishing && <Publish onClose={() => setPublishing(false)} onGo={(path) => { setPublishing(false); draft.choose(path); }} />}
      {editing && <PlanSettings plan={plan} index={index} onClose={() => setEditing(false)} />}
      <ConflictDialog />
    </main>
  );
}

function RailEnd({ plan, company, walked }: { plan: Plan; company: string; walked: boolean }) {
  const { t } = useWords();
  const readOnly = useDraft().state?.readOnly;
  const last = plan.company.last_resort;
  const name = last ? destination(plan, last)?.name : undefined;
  return (
    <div className="rail-end" style={walked ? { opacity: 0.7 } : undefined}>
      <span className="node"><LifeBuoy size={13} aria-hidden /></span>
      {last ? <span>{t("editor.nobody_reached")} <b>{name ? `${name} (${last})` : last}</b> {t("editor.rings")}</span> : <span>{t("editor.end")}{!readOnly && " · "}{!readOnly && <Link href={`/c/${company}/settings/company`}>{t("editor.set_net")}</Link>}</span>}
    </div>
  );
}

export function PlanSettings({ plan, index, onClose }: { plan: Plan; index: number; onClose: () => void }) {
  const { t } = useWords();
  const { draft } = useDraft();
  const own = plan.dial_plans![index]!;
  const taken = new Set((plan.dial_plans ?? []).flatMap((one) => one.external_numbers ?? []).map((number) => number.replace(/\D/g, "")));
  const free = (plan.trunks ?? []).flatMap((trunk) => trunk.numbers ?? []).filter((number) => !taken.has(number.replace(/\D/g, "")));
  const set = (field: string, value: unknown): void => draft.edit(put(draft.plan, ["dial_plans", index, field], value), undefined, `plan.${index}.${field}`);
  return (
    <Dialog title={t("editor.plan_settings")} onClose={onClose} footer={<div className="row"><span className="grow" /><button type="button" className="button primary" onClick={onClose}>{t("action.close")}</button></div>}>
      <section className="stack">
        <TextField label={t("editor.plan_name")} value={own.name} onChange={(name) => set("name", name)} />
        <TextField label={t("editor.internal_number")} value={own.internal_number ?? ""} onChange={(number) => set("internal_number", number || undefined)} />
        <ListField label={t("editor.external_numbers")} value={own.external_numbers ?? []} onChange={(numbers) => set("external_numbers", numbers)} />
        {free.length > 0 && <div className="row" style={{ flexWrap: "wrap", marginTop: -10 }}><span className="quiet">{t("editor.free_numbers")}</span>{free.slice(0, 8).map((number) => <button key={number} type="button" className="button small" onClick={() => set("external_numbers", [...(own.external_numbers ?? []), number])}><Plus size={14} aria-hidden />{shownAbroad(number)}</button>)}</div>}
      </section>
    </Dialog>
  );
}
