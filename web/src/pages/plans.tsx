import { Plus } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { DraftBar, planId, UndoRedo } from "../editor/plan-page";
import { useDraft } from "../editor/draft";
import { Publish } from "../editor/publish";
import { shownAbroad } from "../plan/number";
import { appOf, itemPathOf } from "../plan/route";
import { summary } from "../plan/sentence";
import type { Plan } from "../plan/types";
import { AppIcon, Empty, kindOf, Loading } from "../ui/parts";
import { useWords } from "../words";

export function freeNumber(plan: Plan, from: number): string {
  const taken = new Set([...(plan.users ?? []), ...(plan.ring_groups ?? []), ...(plan.queues ?? []), ...(plan.voicemail_boxes ?? [])].map((entry) => entry.number).concat((plan.dial_plans ?? []).map((entry) => entry.internal_number ?? "")));
  let number = from;
  while (taken.has(String(number))) number += 1;
  return String(number);
}

export function freeEntryName(entries: readonly { name: string }[] | undefined, name: string): string {
  const taken = new Set((entries ?? []).map((entry) => entry.name));
  let found = name;
  for (let count = 2; taken.has(found); count += 1) found = `${name} ${count}`;
  return found;
}

export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function useNewPlan(company: string): () => void {
  const { draft } = useDraft();
  const { t } = useWords();
  const [, navigate] = useLocation();
  return () => {
    const plan = draft.plan;
    const own = { name: freeEntryName(plan.dial_plans, t("editor.new_plan")), id: newId(), internal_number: freeNumber(plan, 1001), external_numbers: [], route: [] };
    draft.edit({ ...plan, dial_plans: [...(plan.dial_plans ?? []), own] }, "");
    navigate(`/c/${company}/plans/${own.id}`);
  };
}

export function PlansPage({ company }: { company: string }) {
  const { t, language } = useWords();
  const { draft, state } = useDraft();
  const [publishing, setPublishing] = useState(false);
  const add = useNewPlan(company);
  if (!state) return <Loading />;
  const plan = state.history.now.plan;
  const plans = plan.dial_plans ?? [];
  return (
    <main className="main" id="content">
      <header className="top"><h1>{t("nav.plans")}</h1><span className="spacer" /><UndoRedo /><DraftBar company={company} onPublish={() => setPublishing(true)}>{!state.readOnly && <button type="button" className="button" onClick={add}><Plus size={16} aria-hidden />{t("editor.new_plan")}</button>}</DraftBar></header>
      <div className="scroll"><div className="page">
        {plans.length === 0 && state.readOnly ? <Empty title={t("editor.never")} more={t("editor.never_more")} /> : plans.length === 0 ? <Empty title={t("editor.empty_title")} more={t("editor.empty_more")}><button type="button" className="button primary" onClick={add}><Plus size={16} aria-hidden />{t("editor.new_plan")}</button></Empty> : (
          <ul className="stack" style={{ gap: 10 }}>
            {plans.map((own, index) => {
              const errors = state.problems.filter((problem) => problem.severity === "error" && problem.path.startsWith(`dial_plans[${index}]`)).length;
              return (
                <li key={planId(own, index)}>
                  <Link className="panel plan-row" href={`/c/${company}/plans/${planId(own, index)}`}>
                    <span className="two"><b>{own.name}</b><span className="quiet">{[own.internal_number, ...(own.external_numbers ?? []).map(shownAbroad)].filter(Boolean).join(" · ")}</span></span>
                    <span className="icons" aria-hidden>{(own.route ?? []).slice(0, 12).map((item, at) => <span key={at} className={`tile small ${kindOf(appOf(item))}`}><AppIcon app={appOf(item)} size={14} /></span>)}</span>
                    <span className="quiet ellipsis grow">{summary(own.route ?? [], plan, language)}</span>
                    {errors > 0 && <span className="badge bad round">{t(errors === 1 ? "editor.problems_one" : "editor.problems_other", { count: errors })}</span>}
                    <span className="quiet">{t((own.route ?? []).length === 1 ? "editor.steps_one" : "editor.steps_other", { count: (own.route ?? []).length })}</span>
                  </Link>
                </li>
              );
            })}
          </ul>
        )}
      </div></div>
      {publishing && <Publish onClose={() => setPublishing(false)} onGo={(path) => { setPublishing(false); draft.choose(itemPathOf(draft.plan, path)); }} />}
    </main>
  );
}
