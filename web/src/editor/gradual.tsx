/** From a draft to all callers by degrees: a shadow of the live version, then a share of the callers. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { get, Refused, send } from "../api/client";
import { useWords } from "../words";
import { toast } from "../ui/parts";

interface Group { was: string; now: string; at: string; count: number; calls: string[] }
interface Shadow { on: boolean; since: string | null; calls: number; same: number; differ: number; unknown: number; skipped: number; changes: Group[]; unanswered: Group[] }
interface Calls { calls: number; failed: number }
interface Rollout { state: "none" | "running" | "finished" | "back"; version: number | null; share: number; reason: string; new: Calls | null; old: Calls | null }

const SHARES = [5, 10, 25, 50];

/** How many percent of the callers get a version first. */
export function Share({ value, onChange }: { value: number; onChange: (share: number) => void }) {
  const { t } = useWords();
  return (
    <select className="select" style={{ width: 230 }} value={value} onChange={(event) => onChange(Number(event.target.value))} aria-label={t("gradual.for")}>
      <option value={100}>{t("gradual.all")}</option>
      {SHARES.map((share) => <option key={share} value={share}>{t("gradual.some", { share })}</option>)}
    </select>
  );
}

/** What runs beside the live version now, with what can be done about it. */
export function Gradual({ company, mayEdit = true }: { company: string; mayEdit?: boolean }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const shadow = useQuery({ queryKey: ["shadow", company], queryFn: () => get<Shadow>(`/companies/${company}/shadow`), refetchInterval: 3000 });
  const rollout = useQuery({ queryKey: ["rollout", company], queryFn: () => get<Rollout>(`/companies/${company}/rollout`), refetchInterval: 3000 });
  const ask = async (method: string, what: "shadow" | "rollout", body?: unknown): Promise<void> => {
    try {
      await send(method, `/companies/${company}/${what}`, body);
    } catch (error) {
      toast(error instanceof Refused ? error.message : t("state.offline"));
    }
    await Promise.all([[what, company], ["versions", company]].map((queryKey) => queries.invalidateQueries({ queryKey })));
  };
  const now = shadow.data;
  const some = rollout.data;
  if (!now && (!some || some.state === "none" || some.state === "finished")) return null;
  return (
    <section className="stack" style={{ gap: 12 }} aria-label={t("gradual.title")}>
      {some && some.state !== "none" && some.state !== "finished" && (
        <div className="panel stack" style={{ padding: 14, gap: 8 }}>
          <b>{t(some.state === "running" ? "gradual.running" : "gradual.back", { version: some.version ?? 0, share: some.share })}</b>
          {some.reason && <p style={{ color: "var(--bad)" }} role="status">{some.reason}</p>}
          <p className="quiet">{t("gradual.fare", { calls: some.new?.calls ?? 0, failed: some.new?.failed ?? 0, others: some.old?.calls ?? 0, others_failed: some.old?.failed ?? 0 })}</p>
          {some.state === "running" && mayEdit && (
            <p className="row" style={{ gap: 8, flexWrap: "wrap" }}>
              {SHARES.filter((share) => share > some.share).map((share) => <button key={share} type="button" className="button" onClick={() => void ask("PUT", "rollout", { share })}>{t("gradual.some", { share })}</button>)}
              <button type="button" className="button primary" onClick={() => void ask("PUT", "rollout", { share: 100 })}>{t("gradual.all")}</button>
              <button type="button" className="button" onClick={() => void ask("DELETE", "rollout")}>{t("gradual.take_back")}</button>
            </p>
          )}
        </div>
      )}
      {now && (
        <div className="panel stack" style={{ padding: 14, gap: 8 }}>
          <div className="row" style={{ gap: 12 }}>
            <div className="grow"><b>{t("gradual.shadow")}</b><p className="quiet">{now.on ? t("gradual.counts", { calls: now.calls, same: now.same, differ: now.differ, unknown: now.unknown }) : t("gradual.shadow_more")}</p></div>
            {mayEdit && <button type="button" className="button" onClick={() => void ask(now.on ? "DELETE" : "PUT", "shadow")}>{t(now.on ? "gradual.stop" : "gradual.start")}</button>}
          </div>
          {now.skipped > 0 && <p className="quiet">{t("gradual.skipped", { count: now.skipped })}</p>}
          {[...now.changes, ...now.unanswered].slice(0, 20).map((one, index) => (
            <div className="change" key={index}>
              <b style={{ minWidth: 44 }}>{one.count}×</b>
              <p className="grow" style={{ overflowWrap: "anywhere" }}>{one.was} → <b>{one.now}</b><br /><span className="quiet">{one.at}</span>{" "}{one.calls.slice(0, 3).map((call) => <a key={call} className="link" href={`/c/${company}/calls/${call}`}>{call.slice(0, 8)}</a>)}</p>
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
