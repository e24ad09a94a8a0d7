/** What a webhook has answered in calls of the past and the plan has no branch for: a branch with one click. */

import { Plus } from "lucide-react";
import { type Learned, useExamination } from "../api/examinations";
import { insert } from "../plan/edit";
import { placeOf } from "../plan/route";
import type { Item } from "../plan/types";
import { useWords } from "../words";
import { useDraft } from "./draft";

const MOST = 5;

export function LearnedAnswers({ variable, path }: { variable: string; path: string }) {
  const { t } = useWords();
  const { draft, state } = useDraft();
  const wanted = !state?.readOnly && variable !== "caller_number" && variable !== "callee_number" && variable !== "";
  const { job } = useExamination<Learned>(draft.company, "answers", state?.savedAt ?? 0, {}, wanted);
  const values = (job?.result?.webhooks ?? []).flatMap((one) => one.values[variable] ?? []);
  const open = values.filter((value) => !value.handled_by && value.branch);
  if (!wanted || open.length === 0) return null;
  const add = (branch: Record<string, unknown>): void => {
    const { route, index } = placeOf(path);
    const made = insert(draft.plan, route, index + 1, structuredClone(branch) as Item);
    draft.edit(made.plan, made.chosen);
  };
  return (
    <section className="learned" aria-label={t("learned.title")}>
      <h3>{t("learned.title")}</h3>
      <ul>{open.slice(0, MOST).map((value) => (
        <li key={value.text}>
          <span className="grow">“{value.text}” <span className="quiet">{t("learned.count", { count: value.count })}</span></span>
          <button type="button" className="button small" onClick={() => add(value.branch!)}><Plus size={14} aria-hidden />{t("learned.add")}</button>
        </li>
      ))}</ul>
    </section>
  );
}
