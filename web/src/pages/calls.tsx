import { useInfiniteQuery } from "@tanstack/react-query";
import { FileDown, Search } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useAccess } from "../access";
import { get, type Page } from "../api/client";
import type { CallRecord } from "../api/types";
import { useDraft } from "../editor/draft";
import { shown, shownAbroad } from "../plan/number";
import { Empty, Loading } from "../ui/parts";
import { clock, day, minutes, useWords } from "../words";
import { callerOf, whereTo } from "./live";

const OUTCOMES = ["connected", "voicemail", "queued", "ended", "abandoned"] as const;
const TONE: Record<string, string> = { connected: "good", voicemail: "accent", queued: "warn", abandoned: "warn", ended: "" };

export function CallsPage({ company }: { company: string }) {
  const { t, language } = useWords();
  const { state } = useDraft();
  const [, navigate] = useLocation();
  const [number, setNumber] = useState("");
  const [outcome, setOutcome] = useState("");
  const [from, setFrom] = useState("");
  const { may, extension } = useAccess();
  const all = may("records");
  const query = new URLSearchParams({ ...(number ? { number: number.replace(/[\s+-]/g, "") } : {}), ...(outcome ? { outcome } : {}), ...(from ? { from: new Date(from).toISOString() } : {}) }).toString();
  const found = useInfiniteQuery({
    queryKey: ["calls", company, query],
    queryFn: ({ pageParam }) => get<Page<CallRecord>>(`/companies/${company}/${all ? "calls" : "own-calls"}?limit=50${query ? `&${query}` : ""}${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (last) => (Array.isArray(last) ? undefined : (last.next ?? undefined)),
    refetchInterval: 15_000,
    retry: false,
  });
  if (!state) return <Loading />;
  const plan = state.history.now.plan;
  const calls = found.data?.pages.flatMap((page) => (Array.isArray(page) ? (page as CallRecord[]) : page.items)) ?? [];
  return (
    <main className="main" id="content">
      <header className="top"><h1>{t(all ? "nav.calls" : "calls.own")}</h1>{!all && <span className="badge">{extension}</span>}<span className="spacer" />{all && <a className="button" href={`/api/v1/companies/${company}/calls.csv${query ? `?${query}` : ""}`} download><FileDown size={16} aria-hidden />{t("calls.csv")}</a>}</header>
      <div className="scroll"><div className="page">
        {all && <div className="row" style={{ marginBottom: 14, flexWrap: "wrap" }}>
          <label className="search-box"><Search size={16} aria-hidden /><input className="input" type="search" value={number} placeholder={t("calls.search")} aria-label={t("calls.search")} onChange={(event) => setNumber(event.target.value)} /></label>
          <select className="select" style={{ width: 180 }} aria-label={t("calls.outcome")} value={outcome} onChange={(event) => setOutcome(event.target.value)}><option value="">{t("calls.any")}</option>{OUTCOMES.map((one) => <option key={one} value={one}>{t(`outcome.${one}`)}</option>)}</select>
          <input className="input" style={{ width: 170 }} type="date" aria-label={t("calls.when")} value={from} onChange={(event) => setFrom(event.target.value)} />
        </div>}
        <section className="panel" style={{ overflowX: "auto" }}>
          {found.isPending ? <Loading /> : calls.length === 0 ? <Empty title={t("calls.none")} {...(all ? { more: t("calls.none_more") } : {})} /> : (
            <table className="table">
              <thead><tr><th>{t("calls.when")}</th><th>{t("calls.caller")}</th><th className="hide-small">{t("calls.called")}</th><th className="hide-small">{t("calls.why")}</th><th>{t("calls.outcome")}</th><th className="right">{t("calls.lasted")}</th></tr></thead>
              <tbody>
                {calls.map((call) => (
                  <tr key={call.uuid} {...(all ? { onClick: () => navigate(`/c/${company}/calls/${call.uuid}`), style: { cursor: "pointer" } } : {})}>
                    <td className="nowrap">{all ? <Link href={`/c/${company}/calls/${call.uuid}`}>{clock(call.arrived, language)}</Link> : clock(call.arrived, language)}<br /><span className="quiet">{day(call.arrived, language)}</span></td>
                    <td><b>{callerOf(call, plan, t("calls.withheld"))}</b><br /><span className="quiet">{call.caller_number ? shown(call.caller_number, plan.company.country) : ""}</span></td>
                    <td className="hide-small nowrap">{call.dial_plan ?? ""}<br /><span className="quiet">{call.callee_number ? shownAbroad(call.callee_number) : ""}</span></td>
                    <td className="hide-small">{whereTo(call, plan, t)}</td>
                    <td><span className={`badge ${TONE[call.outcome ?? ""] ?? ""}`}>{t(`outcome.${call.outcome ?? "ended"}` as "outcome.ended")}</span></td>
                    <td className="right nowrap">{minutes(call.lasted)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </section>
        {found.hasNextPage && <p style={{ textAlign: "center", marginTop: 14 }}><button type="button" className="button" disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("calls.more")}</button></p>}
      </div></div>
    </main>
  );
}
