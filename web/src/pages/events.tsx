/** Event webhooks with what they were told, and the register of which data goes where. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, RotateCcw, Send, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAccess } from "../access";
import { get, listed, type Page, post, Refused, send } from "../api/client";
import { Empty, Loading, Switch, toast } from "../ui/parts";
import { clock, day, reasonWords, useWords, type Word } from "../words";

const EVENTS = ["call.started", "call.answered", "call.ended", "call.missed", "voicemail.received"] as const;

interface Hook { id: string; url: string; events: string[]; active: boolean; created: string }
interface Delivery { id: string; event: string; at: string; state: "waiting" | "delivered" | "failed"; attempts: number; next_try: string | null; status: number | null; reason: string; body: string }
interface Flow { kind: string; to: string; fields: string[]; items: string[]; encrypted: boolean | null }

export function EventWebhooks({ company }: { company: string }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const base = `/companies/${company}/event-webhooks`;
  const key = ["event-webhooks", company];
  const found = useQuery({ queryKey: key, queryFn: async () => listed(await get<Page<Hook>>(base)), retry: false });
  const [url, setUrl] = useState("");
  const [events, setEvents] = useState<string[]>(["call.missed", "voicemail.received"]);
  const [secret, setSecret] = useState("");
  const [open, setOpen] = useState("");
  if (found.isPending) return <Loading />;
  const told = async <R,>(work: Promise<R>): Promise<R | undefined> => { try { const result = await work; await queries.invalidateQueries({ queryKey: key }); return result; } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); return undefined; } };
  const test = async (hook: Hook): Promise<void> => { await told(post(`${base}/${hook.id}/test`)); setOpen(hook.id); };
  return (
    <section className="panel" style={{ maxWidth: 860 }}>
      <header><h2>{t("events.title")}</h2></header>
      <form className="inside stack" style={{ gap: 12 }} onSubmit={(event) => { event.preventDefault(); void told(post<{ secret: string; id: string }>(base, { url, events })).then((made) => { if (made) { setSecret(made.secret); setUrl(""); } }); }}>
        <p className="quiet">{t("events.help")}</p>
        <div className="row" style={{ flexWrap: "wrap" }}><input className="input mono grow" type="url" required placeholder="https://crm.example.nl/events" aria-label="URL" value={url} onChange={(event) => setUrl(event.target.value)} /><button type="submit" className="button" disabled={!events.length}><Plus size={15} aria-hidden />{t("action.add")}</button></div>
        <div className="row" role="group" aria-label={t("events.which")} style={{ flexWrap: "wrap", gap: 14 }}>{EVENTS.map((name) => <label key={name} className="check"><input type="checkbox" checked={events.includes(name)} onChange={(event) => setEvents(event.target.checked ? [...events, name] : events.filter((one) => one !== name))} />{t(`event.${name}`)}</label>)}</div>
      </form>
      {secret && <div className="inside"><p className="badge warn" style={{ whiteSpace: "normal" }}>{t("events.secret_once")}</p><p className="mono" style={{ overflowWrap: "anywhere", marginTop: 8 }}>{secret}</p></div>}
      {found.error instanceof Refused && <p className="inside quiet">{found.error.message}</p>}
      <ul>{found.data?.map((hook) => (
        <li key={hook.id}>
          <div className="message" style={{ flexWrap: "wrap" }}>
            <Switch on={hook.active} label={hook.url} onChange={(active) => void told(send("PUT", `${base}/${hook.id}`, { url: hook.url, events: hook.events, active }))} />
            <span className="grow" style={{ minWidth: 200 }}><b className="mono" style={{ overflowWrap: "anywhere" }}>{hook.url}</b><br /><span className="quiet">{hook.events.map((name) => t(`event.${name}` as Word)).join(", ")}</span></span>
            <button type="button" className="button small" aria-expanded={open === hook.id} onClick={() => setOpen(open === hook.id ? "" : hook.id)}>{t("events.deliveries")}</button>
            <button type="button" className="button small" onClick={() => void test(hook)}><Send size={14} aria-hidden />{t("events.test")}</button>
            <button type="button" className="icon-button" aria-label={`${t("action.delete")} ${hook.url}`} onClick={() => void told(send("DELETE", `${base}/${hook.id}`))}><Trash2 size={15} /></button>
          </div>
          {open === hook.id && <Deliveries base={`${base}/${hook.id}/deliveries`} />}
        </li>))}</ul>
    </section>
  );
}

function Deliveries({ base }: { base: string }) {
  const { t, language } = useWords();
  const queries = useQueryClient();
  const found = useQuery({ queryKey: ["deliveries", base], queryFn: async () => listed(await get<Page<Delivery>>(`${base}?limit=30`)), refetchInterval: 2000, retry: false });
  const again = (one: Delivery): void => void post(`${base}/${one.id}/again`).then(() => queries.invalidateQueries({ queryKey: ["deliveries", base] })).catch((error: Error) => toast(error.message));
  if (!found.data) return <Loading />;
  if (!found.data.length) return <p className="inside quiet">{t("events.nothing_told")}</p>;
  const tone = { delivered: "good", waiting: "warn", failed: "bad" };
  return (
    <div style={{ overflowX: "auto" }}>
      <table className="table"><tbody>{found.data.map((one) => (
        <tr key={one.id}>
          <td className="nowrap">{clock(one.at, language, true)}<br /><span className="quiet">{day(one.at, language)}</span></td>
          <td><details><summary>{one.event === "test" ? t("events.test") : t(`event.${one.event}` as Word)}</summary><pre className="mono code-block">{pretty(one.body)}</pre></details></td>
          <td><span className={`badge ${tone[one.state]}`}>{t(`events.${one.state}`)}{one.status ? ` · ${one.status}` : ""}</span>{one.reason && <><br /><span className="quiet" title={one.reason}>{reasonWords(one.reason.split(":")[0]!, t)}</span></>}{one.state === "waiting" && one.next_try && one.attempts > 0 && <><br /><span className="quiet">{t("events.next", { time: clock(one.next_try, language, true) })}</span></>}</td>
          <td className="right"><button type="button" className="icon-button" aria-label={t("events.again")} title={t("events.again")} onClick={() => again(one)}><RotateCcw size={15} /></button></td>
        </tr>))}</tbody></table>
    </div>
  );
}

function pretty(text: string): string {
  try { return JSON.stringify(JSON.parse(text), null, 1); } catch { return text; }
}

export function DataRegister({ company }: { company: string }) {
  const { t } = useWords();
  const { may } = useAccess();
  const [number, setNumber] = useState("");
  const found = useQuery({ queryKey: ["data-register", company], queryFn: () => get<Page<Flow> & { keep_calls_days: number; keep_recordings_days: number; keep_voicemail_days: number }>(`/companies/${company}/data-register`), retry: false });
  if (found.isPending) return <Loading />;
  const kept = (days: number): string => (days ? t("register.days", { days }) : t("register.always"));
  return (
    <div className="stack" style={{ maxWidth: 860 }}>
      <section className="panel">
        <header><h2>{t("register.title")}</h2></header>
        <p className="inside quiet">{t("register.help")}</p>
        {!found.data?.items.length ? <Empty title={found.error instanceof Refused ? t("register.not_published") : t("register.nothing")} /> : (
          <div style={{ overflowX: "auto" }}><table className="table"><thead><tr><th>{t("register.to")}</th><th>{t("register.fields")}</th><th>{t("register.by")}</th></tr></thead><tbody>{found.data.items.map((flow) => (
            <tr key={`${flow.kind} ${flow.to}`}>
              <td><b style={{ overflowWrap: "anywhere" }}>{flow.to}</b><br /><span className="badge">{t(`register.${flow.kind}` as Word)}</span>{flow.encrypted === false && <span className="badge warn">{t("register.plain")}</span>}</td>
              <td className="mono" style={{ fontSize: 12.5, overflowWrap: "anywhere" }}>{flow.fields.join(", ") || "–"}</td>
              <td className="mono quiet" style={{ fontSize: 12.5, overflowWrap: "anywhere" }}>{flow.items.join(", ")}</td>
            </tr>))}</tbody></table></div>)}
        {found.data && <p className="inside">{t("register.kept", { calls: kept(found.data.keep_calls_days), recordings: kept(found.data.keep_recordings_days), voicemail: kept(found.data.keep_voicemail_days) })}</p>}
      </section>
      {may("administer") && <section className="panel">
        <header><h2>{t("register.about")}</h2></header>
        <div className="inside stack" style={{ gap: 10 }}><p className="quiet">{t("register.about_help")}</p>
          <div className="row" style={{ flexWrap: "wrap" }}><input className="input grow" inputMode="tel" aria-label={t("phone.number")} placeholder={t("phone.number")} value={number} onChange={(event) => setNumber(event.target.value)} />
            <a className="button" aria-disabled={!number.trim()} href={number.trim() ? `/api/v1/companies/${company}/about-number?number=${encodeURIComponent(number)}` : undefined} download>{t("action.download")}</a>
            <button type="button" className="button danger" disabled={!number.trim()} onClick={() => { if (confirm(t("register.sure", { number }))) void send<{ records: number }>("DELETE", `/companies/${company}/calls?number=${encodeURIComponent(number)}`).then((gone) => { toast(t("register.forgotten", { records: gone.records })); setNumber(""); }).catch((error: Error) => toast(error.message)); }}>{t("register.forget")}</button></div></div>
      </section>}
    </div>
  );
}
