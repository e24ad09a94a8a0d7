/** From an empty company to its first call: what is done, and what comes next. */

import { CircleCheck, Circle, X } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useDraft } from "../editor/draft";
import { type Word, useWords } from "../words";

const KEPT = "belplan.first-steps";

export function FirstSteps({ company, onPlan, onPublish }: { company: string; onPlan: () => void; onPublish: () => void }) {
  const { t } = useWords();
  const { state } = useDraft();
  const key = `${KEPT}.${company}`;
  const [gone, setGone] = useState(() => localStorage.getItem(key) === "gone");
  if (!state || state.readOnly || gone) return null;
  const plan = state.history.now.plan;
  const users = plan.users ?? [];
  const begun = plan.dial_plans?.find((own) => own.route?.length);
  const steps: [string, boolean, string | (() => void)][] = [
    ["people", users.length > 0, `/c/${company}/people/users`],
    ["phones", users.some((user) => user.phones?.length), `/c/${company}/people/users/${users[0]?.number ?? ""}`],
    ["trunk", !!plan.trunks?.length, `/c/${company}/settings/trunks`],
    ["plan", !!begun, plan.dial_plans?.[0] ? `/c/${company}/plans` : onPlan],
    ["publish", state.base > 0, onPublish],
  ];
  if (steps.every(([, done]) => done)) return null;
  const next = steps.find(([, done]) => !done)![0];
  const close = (): void => { localStorage.setItem(key, "gone"); setGone(true); };
  return (
    <section className="panel first-steps" aria-label={t("first.title")}>
      <header><h2 className="grow">{t("first.title")}</h2><span className="quiet">{t("first.more")}</span><button type="button" className="icon-button" aria-label={t("action.close")} onClick={close}><X size={16} /></button></header>
      <ol>{steps.map(([name, done, to]) => {
        const words = <><b>{t(`first.${name}` as Word)}</b><span className="quiet">{t(`first.${name}_more` as Word)}</span></>;
        return (
          <li key={name} className={done ? "done" : name === next ? "next" : ""}>
            {done ? <CircleCheck size={18} color="var(--good)" aria-label={t("first.done")} /> : <Circle size={18} aria-hidden />}
            {typeof to === "string" ? <Link href={to}>{words}</Link> : <button type="button" onClick={to}>{words}</button>}
          </li>);
      })}</ol>
    </section>
  );
}
