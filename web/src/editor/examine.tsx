/** What publishing would do, known beforehand: calls of the past through the draft, its scenarios, every way proven. */

import { Check, CircleAlert, CircleHelp, GitCompareArrows, ListChecks, Route } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { type Job, type Proof, type Ran, type Replayed, useExamination } from "../api/examinations";
import { told } from "../plan/difference";
import { itemAt, itemPathOf } from "../plan/route";
import { exitWords } from "../plan/sentence";
import { useWords } from "../words";
import { useDraft } from "./draft";

const PAST = 1000; // calls, the newest
const PROVE = 20; // s

export function Examined({ company, saved, onGo }: { company: string; saved: number; onGo: (path: string) => void }) {
  const { t, language } = useWords();
  const { draft } = useDraft();
  const replay = useExamination<Replayed>(company, "replay", saved, { most: PAST });
  const scenarios = useExamination<Ran>(company, "scenarios", saved, {}, over(replay));
  const proof = useExamination<Proof>(company, "proof", saved, { budget: PROVE }, over(scenarios));
  const past = replay.job?.result;
  const ran = scenarios.job?.result;
  const proven = proof.job?.result;
  const { plan } = draft;
  /** The step at which such a way ends, as its card says it. */
  const where = ({ path, exit }: { path: string; exit: string }): string => {
    const own = itemPathOf(plan, path);
    const item = own ? itemAt(plan, own) : undefined;
    if (!item) return path;
    const { place, title } = told({ path: own, kind: "changed" }, plan, undefined, language);
    return `${place}: ${title}${["walked", "done", "played", "ended", "true", "false"].includes(exit) ? "" : ` (${exitWords(exit, language)})`}`;
  };
  const nobody = [...(proven?.nobody ?? []), ...(proven?.silent ?? [])];
  return (
    <section className="examined">
      <h2>{t("examine.title")}</h2>
      <Line icon={<GitCompareArrows size={16} aria-hidden />} asked={replay} title={t("examine.replay")}>
        {past && (past.calls === 0 ? <p className="quiet">{t("examine.no_calls")}</p> : <>
          <p><Mark good={past.differ === 0} />{t("examine.same", { same: past.same, calls: past.calls })}{past.unknown > 0 && <span className="quiet"> {t("examine.unknown", { count: past.unknown })}</span>}</p>
          <ul>{past.changes.slice(0, 5).map((change, index) => (
            <li key={index}><b>{change.count}×</b> {t("examine.instead", { was: change.was, now: change.now })} {change.calls[0] && <Link className="link" href={`/c/${company}/calls/${change.calls[0]}`}>{t("examine.example")}</Link>}</li>
          ))}</ul>
        </>)}
      </Line>
      <Line icon={<ListChecks size={16} aria-hidden />} asked={scenarios} title={t("examine.scenarios")}>
        {ran && (ran.passed + ran.failed === 0 ? <p className="quiet">{t("examine.no_scenarios")}</p> : <>
          <p><Mark good={ran.failed === 0} />{ran.failed ? t("examine.failed", { failed: ran.failed, count: ran.passed + ran.failed }) : t("examine.passed", { count: ran.passed })}</p>
          <ul>{ran.scenarios.filter((one) => !one.passed).slice(0, 5).map((one) => <li key={one.id}><b>{one.name}</b>: {one.differences[0]}</li>)}</ul>
        </>)}
      </Line>
      <Line icon={<Route size={16} aria-hidden />} asked={proof} title={t("examine.proof")}>
        {proven && (!proven.finished ? <p className="quiet">{t("examine.unfinished")}</p> : <>
          <p><Mark good={nobody.length === 0} />{nobody.length ? t(nobody.length === 1 ? "examine.nobody_one" : "examine.nobody_other", { count: nobody.length }) : t("examine.all_ring", { count: proven.reached.length })}</p>
          <ul>
            {nobody.slice(0, 5).map((one, index) => <li key={index}><button type="button" className="link" onClick={() => onGo(one.path)}>{where(one)}</button></li>)}
            {proven.rules.filter((rule) => rule.verdict === "refuted").map((rule) => <li key={rule.name}><CircleAlert size={14} aria-hidden /> <b>{rule.name}</b> {rule.why}</li>)}
          </ul>
        </>)}
      </Line>
    </section>
  );
}

/** One after the other: each is a process of its own, and calls come first. */
const over = (asked: { job: Job<unknown> | undefined; failed: boolean }): boolean => asked.failed || (!!asked.job && asked.job.state !== "running");

function Line({ icon, title, asked, children }: { icon: ReactNode; title: string; asked: { job: Job<unknown> | undefined; failed: boolean; error: Error | null }; children: ReactNode }) {
  const { t } = useWords();
  const { job } = asked;
  return (
    <div className="examination" aria-busy={(!asked.failed && (!job || job.state === "running")) || undefined}>
      {icon}
      <div className="grow">
        <h3>{title}</h3>
        {asked.failed ? <p className="quiet">{asked.error?.message}</p> : job?.state === "failed" ? <p className="quiet">{job.error}</p>
          : !job || job.state === "running" ? <p className="quiet" role="status">{job?.of ? <><progress value={job.done} max={job.of} /> {job.done} / {job.of}</> : t("examine.running")}</p> : children}
      </div>
    </div>
  );
}

function Mark({ good }: { good: boolean }) {
  return good ? <Check size={15} color="var(--good)" aria-hidden /> : <CircleHelp size={15} color="var(--warn)" aria-hidden />;
}
