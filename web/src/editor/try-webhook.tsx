/** "Test nu": ask the customer's server for real, and say where the call would go. */

import { CircleAlert, CircleCheck, Clock, Play, TriangleAlert } from "lucide-react";
import { type ReactNode, useState } from "react";
import { post, Refused } from "../api/client";
import { shown } from "../plan/number";
import { appOf, itemAt, itemPathOf, settingsOf } from "../plan/route";
import { destination, hostAndPath, seconds, short } from "../plan/sentence";
import type { Plan, Settings } from "../plan/types";
import { lasted, reasonWords, useWords } from "../words";
import { useDraft } from "./draft";

/** `belplan webhook test --json`. */
interface Tried {
  exit: string; status: number | null; reason: string | null; detail: string | null; value: string | null; phases: Record<string, number>;
  way: { path: string; app: string; exit: string | null }[]; outcome: string; connected_to: string | null;
}

interface Result { tone: "good" | "warn" | "bad"; title: string; more: string; goes?: string | undefined }

export function TryWebhook({ plan, path, settings }: { plan: Plan; path: string; settings: Settings }) {
  const { t, language } = useWords();
  const { draft } = useDraft();
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Result | null>(null);
  const callers = plan.phone_book ?? [];
  const [from, setFrom] = useState(callers[0]?.number ?? "+31612345678");
  const name = String(settings.save_as ?? "") || "…";
  const run = async (): Promise<void> => {
    setBusy(true);
    try {
      await draft.save();
      setResult(explained(await post<Tried>(`/companies/${draft.company}/webhook-tests`, { path: `${path}.webhook`, from, draft: true })));
    } catch (error) {
      setResult({ tone: "bad", title: t("form.try_failed", { reason: error instanceof Refused ? error.message : t("state.offline") }), more: "" });
    } finally { setBusy(false); }
  };
  const explained = (tried: Tried): Result => {
    const value = tried.value ?? "";
    const took = lasted(tried.phases.total, language);
    const host = hostAndPath(settings.url).split(/[/?]/)[0]!;
    if (tried.exit === "ok" && value === "") return { tone: "warn", title: `${t("form.try_empty")} · ${took}`, more: t("form.try_empty_more", { name }) };
    if (tried.exit === "ok") return { tone: "good", title: `${value} · ${took}`, more: t("form.try_answer", { status: tried.status ?? 200, length: value.length }), goes: goesTo(tried) };
    if (tried.exit === "timeout") return { tone: "warn", title: t("form.try_late", { seconds: seconds(settings.timeout ?? 2, language) }), more: t("form.try_late_more", { name }) };
    if (tried.reason === "status") return { tone: "warn", title: `${t("form.try_status", { status: tried.status ?? "" })} · ${took}`, more: t("form.try_status_more", { name }) };
    if (tried.reason === "dns") return { tone: "bad", title: t("form.try_dns", { host }), more: tried.detail ?? "" };
    if (tried.reason === "blocked") return { tone: "bad", title: t("form.try_blocked"), more: t("form.try_blocked_more") };
    return { tone: "bad", title: t("form.try_failed", { reason: reasonWords(tried.reason ?? tried.exit, t) }), more: tried.detail ?? "" };
  };
  /** The first place on the way that is somewhere: a person, a group, a menu. */
  const goesTo = (tried: Tried): string | undefined => {
    const step = tried.way.find(({ app }) => ["connect", "menu", "queue", "voicemail", "goto", "hangup"].includes(app));
    const item = step && itemAt(plan, itemPathOf(plan, step.path));
    const to = item && appOf(item) === "connect" ? destination(plan, String(settingsOf(item).to))?.name : undefined;
    return to ?? (tried.connected_to ? (destination(plan, tried.connected_to)?.name ?? shown(tried.connected_to)) : item && short(item, plan, language));
  };
  const icon: Record<Result["tone"], ReactNode> = { good: <CircleCheck size={17} aria-hidden />, warn: result?.title.startsWith(t("form.try_late", { seconds: "" }).slice(0, 6)) ? <Clock size={17} aria-hidden /> : <TriangleAlert size={17} aria-hidden />, bad: <CircleAlert size={17} aria-hidden /> };
  return (
    <div className="try">
      <div className="head">
        <div className="row"><b className="grow">{t("form.try")}</b><button type="button" className="button small" disabled={busy} onClick={() => void run()}><Play size={14} aria-hidden />{busy ? t("form.trying") : t("form.try_now")}</button></div>
        <label className="row" style={{ marginTop: 6, fontSize: 13 }}><span style={{ whiteSpace: "nowrap" }}>{t("form.try_as")}</span>
          <input className="input" style={{ height: 28 }} list="callers" value={from} onChange={(event) => setFrom(event.target.value)} aria-label={t("form.try_as")} />
          <datalist id="callers">{callers.slice(0, 50).map((entry) => <option key={entry.number} value={entry.number}>{entry.name} · {shown(entry.number, plan.company.country)}</option>)}</datalist>
        </label>
        <p>{t("form.try_real")}</p>
      </div>
      <div role="status">
        {result && <div className={`result ${result.tone}`}>{icon[result.tone]}<div><b className={result.tone === "good" ? "mono" : ""}>{result.title}{result.goes ? ` → ${result.goes}` : ""}</b>{result.more && <p>{result.more}</p>}</div></div>}
      </div>
    </div>
  );
}

/** The twelve fields, filled in as for a call to this plan. */
export function WhatWeSend({ plan, path }: { plan: Plan; path: string }) {
  const { t } = useWords();
  const index = Number(/^dial_plans\[(\d+)\]/.exec(path)?.[1] ?? 0);
  const own = plan.dial_plans?.[index];
  const external = (own?.external_numbers?.[0] ?? "").replace(/\D/g, "");
  const now = Date.now();
  const fields = {
    com_id: plan.company.id ?? "42f30becd4ea93edd284e059427b5ee0", dp_id: own?.id ?? "42f30becd4ea93edd284e059427cf1f7", dp_in_number: own?.internal_number ?? "",
    dp_ex_number: external, callee_number: external || (own?.internal_number ?? ""), caller_number: (plan.phone_book?.[0]?.number ?? "+31612345678").replace(/\D/g, ""),
    uuid: "b587f4ee-718d-11ed-88ee-0242ac120002", phonebook_caller_name: plan.phone_book?.[0]?.name ?? "", event_time: String(now), call_start_time: String(now - 4),
    rta_call_id: "8a5d5db451e9-6bd98c04fa11", sip_call_id: "lsjuf8l09juq1i0a9vai",
  };
  return <><p className="quiet">{t("form.sends_help")}</p><pre className="mono code-block">{JSON.stringify(fields, null, 1)}</pre></>;
}
