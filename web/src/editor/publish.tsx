/** Publishing: what changes, what is wrong, why. Nothing reaches callers before. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { AlertTriangle, CircleAlert, CircleCheck, PhoneCall, Undo2 } from "lucide-react";
import { useState } from "react";
import { Share } from "./gradual";
import { get, listed, post, Refused } from "../api/client";
import type { Difference, Version } from "../api/types";
import { told } from "../plan/difference";
import { explain } from "../plan/problems";
import { itemPathOf } from "../plan/route";
import { stepNumber } from "../plan/difference";
import type { Plan, Problem } from "../plan/types";
import { useWords } from "../words";
import { Dialog, Tile, toast } from "../ui/parts";
import { useDraft } from "./draft";
import { Examined } from "./examine";

export function Publish({ onClose, onGo }: { onClose: () => void; onGo: (path: string) => void }) {
  const { t } = useWords();
  const { draft, state } = useDraft();
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const [share, setShare] = useState(100);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState("");
  const base = state?.base ?? 0;
  const next = base + 1;
  const live = useQuery({ queryKey: ["live", draft.company], queryFn: () => get<{ calls: unknown[] }>(`/companies/${draft.company}/live`) });
  const errors = state?.problems.filter((problem) => problem.severity === "error") ?? [];
  const warnings = state?.problems.filter((problem) => problem.severity === "warning") ?? [];
  const go = async (): Promise<void> => {
    setBusy(true);
    try {
      await draft.save();
      const version = await post<Version>(`/companies/${draft.company}/versions`, share < 100 ? { note, share } : { note });
      const number = version?.number ?? next;
      await queries.invalidateQueries({ queryKey: ["versions", draft.company] });
      await draft.load();
      toast(t("publish.done", { number }));
      onClose();
    } catch (error) {
      setRefused(error instanceof Refused ? [error.message, ...failing(error)].join(" ") : t("state.offline"));
      setBusy(false);
    }
  };
  const calls = live.data?.calls?.length ?? 0;
  return (
    <Dialog
      title={t("publish.title", { number: next })} more={t("publish.more")} onClose={onClose}
      footer={
        <form onSubmit={(event) => { event.preventDefault(); void go(); }}>
          <input className="input" value={note} onChange={(event) => setNote(event.target.value)} placeholder={t("publish.note")} aria-label={t("publish.note")} maxLength={300} autoFocus />
          <div className="row" style={{ gap: 12, flexWrap: "wrap", marginTop: 10 }}>
            {base > 0 && <Share value={share} onChange={setShare} />}
            <span className="grow" />
            <button type="button" className="button" onClick={onClose}>{t("action.cancel")}</button>
            <button type="submit" className="button primary" disabled={busy || errors.length > 0}>{t("publish.go", { number: next })}</button>
          </div>
          {refused && <p className="wrong" role="alert" style={{ color: "var(--bad)", marginTop: 8 }}>{refused}</p>}
          {base > 0 && <p className="quiet row" style={{ fontSize: 12.5, marginTop: 8 }}><Undo2 size={14} aria-hidden />{t("publish.back", { number: base })}</p>}
        </form>
      }
    >
      {errors.length > 0 && <section><h2>{t("publish.problems")}</h2><ProblemList problems={errors} onGo={onGo} /></section>}
      <section><h2>{t("publish.changes")}</h2><Changes company={draft.company} from={base} to="draft" now={state!.history.now.plan} /></section>
      {errors.length === 0 && base > 0 && state?.saving === "saved" && <Examined company={draft.company} saved={state.savedAt} onGo={onGo} />}
      {warnings.length > 0 && <section><h2>{t("publish.warnings")}</h2><ProblemList problems={warnings} onGo={onGo} /></section>}
      {(calls > 0 || (errors.length === 0 && base === 0)) && (
        <section className="stack" style={{ gap: 8 }}>
          {errors.length === 0 && base === 0 && <p className="row"><CircleCheck size={17} color="var(--good)" aria-hidden /><span>{t("overview.all_fine")}</span></p>}
          {calls > 0 && <p className="row"><PhoneCall size={17} aria-hidden /><span>{t(calls === 1 ? "publish.on_line_one" : "publish.on_line_other", { count: calls })}</span></p>}
        </section>
      )}
    </Dialog>
  );
}

/** The scenarios that would fail, where publishing asks for them. */
function failing(error: Refused): string[] {
  const failed = error.problem.failed;
  return Array.isArray(failed) ? failed.slice(0, 5).map((one: { name: string; differences: string[] }) => `${one.name}: ${one.differences[0] ?? ""}`) : [];
}

export function ProblemList({ problems, onGo }: { problems: readonly Problem[]; onGo: (path: string) => void }) {
  const { t, language } = useWords();
  const { draft } = useDraft();
  return (
    <ul className="problem-list">
      {problems.slice(0, 20).map((problem, index) => {
        const { text, fix } = explain(problem, draft.plan, language);
        const path = itemPathOf(draft.plan, problem.path);
        const number = path ? stepNumber(draft.plan, path) : "";
        return (
          <li key={index} className={problem.severity}>
            {problem.severity === "error" ? <CircleAlert size={16} aria-hidden /> : <AlertTriangle size={16} aria-hidden />}
            <button type="button" className="link" style={{ color: "var(--text)", fontWeight: 600, whiteSpace: "nowrap" }} onClick={() => onGo(problem.path)}>{number ? `${language === "nl" ? "Stap" : "Step"} ${number}` : (problem.path.split(/[.[]/)[0] ?? "")}</button>
            <span className="grow">{text}</span>
            {fix && <button type="button" className="link" onClick={() => draft.edit(fix.apply(draft.plan))}>{fix.label[language]}</button>}
          </li>
        );
      })}
      {problems.length > 20 && <li>{t("problem.more", { count: problems.length - 20 })}</li>}
    </ul>
  );
}

/** The differences between a version and another, or the draft. */
export function Changes({ company, from, to, now }: { company: string; from: number; to: number | "draft"; now: Plan }) {
  const { t, language } = useWords();
  const { state } = useDraft();
  const found = useQuery({
    queryKey: ["difference", company, from, to, to === "draft" ? state?.savedAt : 0],
    queryFn: async () => ({
      list: from ? listed(await get<Difference[]>(`/companies/${company}/versions/${from}/difference?to=${to}`)) : [],
      then: from ? (await get<Version>(`/companies/${company}/versions/${from}`)).plan : undefined,
    }),
  });
  if (!from) return <p className="quiet">{t("publish.first")}</p>;
  if (found.isError) return <p className="quiet">{t("state.failed")}</p>;
  if (!found.data) return <p className="quiet">{t("state.loading")}</p>;
  if (!found.data.list.length) return <p className="quiet">{t("publish.nothing")}</p>;
  return (
    <div>
      {found.data.list.slice(0, 60).map((raw, index) => {
        const change = told(raw, now, found.data.then, language);
        return (
          <div className="change" key={index}>
            <Tile app={change.app} />
            <p className="grow" style={{ overflowWrap: "anywhere" }}>
              <span className="quiet">{change.place}</span><br />
              {change.kind !== "changed" && <>{t(`diff.${change.kind}`)}: </>}<b>{change.title}</b>
              {change.setting && <>, {change.setting} <b>{change.after}</b>{change.before !== undefined && change.kind === "changed" && <> {t("diff.instead")} <del>{change.before}</del></>}</>}
            </p>
          </div>
        );
      })}
      {found.data.list.length > 60 && <p className="quiet">{t("problem.more", { count: found.data.list.length - 60 })}</p>}
    </div>
  );
}
