/** People and what they answer in: users and their phones, groups, queues, voicemail, the phone book. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import qrcode from "qrcode-generator";
import { Phone as PhoneIcon, Plus, Trash2, Upload } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { useAccess } from "../access";
import { ask, get, listed, post, Refused, send, type Page } from "../api/client";
import { useApps } from "../api/queries";
import { ConflictDialog } from "../editor/conflict";
import { useDraft } from "../editor/draft";
import { DraftBar, UndoRedo } from "../editor/plan-page";
import { NumberPicker } from "../editor/pickers";
import { Publish } from "../editor/publish";
import { RouteEditor } from "../editor/route-editor";
import { SoundPicker } from "../editor/sounds";
import { destination, strategyWords } from "../plan/sentence";
import { shown } from "../plan/number";
import type { Agent, Phone, Plan } from "../plan/types";
import { Dialog, Empty, ListField, Loading, NumberField, SelectField, TextField, Tile, toast } from "../ui/parts";
import { useWords, type Word } from "../words";
import { Entries, type Entry, type EntryForm } from "./entries";
import { standing } from "./live";
import { useAccounts, useLive } from "./live-data";
import { freeEntryName, freeNumber } from "./plans";
import { CallButton } from "./phone";
import { Messages } from "./voicemail";

const SECTIONS: [string, Word][] = [["users", "people.users"], ["groups", "people.groups"], ["queues", "people.queues"], ["voicemail", "people.voicemail"], ["phone-book", "people.phone_book"]];

export function SectionTabs({ base, sections, now }: { base: string; sections: readonly (readonly [string, Word])[]; now: string }) {
  const { t } = useWords();
  return <nav className="tabs" aria-label={t("nav.main")} style={{ background: "var(--surface)" }}>{sections.map(([name, word]) => <Link key={name} href={`${base}/${name}`} aria-current={now === name ? "page" : undefined}>{t(word)}</Link>)}</nav>;
}

export function PeoplePage({ company, section, entry }: { company: string; section: string; entry: string | undefined }) {
  const { t, language } = useWords();
  const { state } = useDraft();
  const live = useLive(company);
  const [publishing, setPublishing] = useState(false);
  const { may } = useAccess();
  const base = `/c/${company}/people`;
  if (!state) return <Loading lines={5} />;
  if (!may("read")) return <main className="main" id="content"><header className="top"><h1>{t("people.phone_book")}</h1></header><div className="scroll"><div className="page"><PhoneBook company={company} /></div></div></main>;
  const strategies = ["all", "in_order", "round_robin", "longest_idle"].map((one) => [one, strategyWords(one, language)] as const);
  const text = (entry: Entry, field: string): string => (entry[field] === undefined || entry[field] === null ? "" : String(entry[field]));
  const nameAndNumber = ({ entry, set, wrong }: EntryForm) => (
    <>
      <TextField label={t("form.name")} value={entry.name} onChange={(name) => set("name", name)} wrong={wrong("name")} />
      <TextField label={t("form.number")} value={text(entry, "number")} onChange={(number) => set("number", number)} wrong={wrong("number")} />
    </>
  );
  return (
    <main className="main" id="content">
      <header className="top"><h1>{t("nav.people")}</h1><span className="spacer" /><UndoRedo /><DraftBar company={company} onPublish={() => setPublishing(true)} /></header>
      <SectionTabs base={base} sections={SECTIONS} now={section} />
      <div className="scroll"><div className="page">
        {section === "users" && <Entries section="users" base={`${base}/users`} chosen={entry} app="connect" addWord={t("action.add")} keyOf={(one) => one.number ?? one.name}
          fresh={(plan) => ({ name: freeEntryName(plan.users, t("people.new_user")), number: freeNumber(plan, 201), phones: [] })}
          dot={(one) => { const presence = live.presence(one.number ?? ""); return <i className={`dot ${presence}`} role="img" aria-label={t(`overview.${presence}`)} />; }}
          form={(form) => <>{nameAndNumber(form)}<TextField label={t("form.email")} type="email" value={text(form.entry, "email")} onChange={(email) => form.set("email", email)} wrong={form.wrong("email")} /></>}
          after={(form) => <><Phones company={company} form={form} /><Personal company={company} form={form} /></>} />}
        {section === "groups" && <Entries section="ring_groups" base={`${base}/groups`} chosen={entry} app="ring_group" addWord={t("action.add")} keyOf={(one) => one.number ?? one.name}
          fresh={(plan) => ({ name: freeEntryName(plan.ring_groups, t("people.new_group")), number: freeNumber(plan, 301), members: plan.users?.[0] ? [plan.users[0].number] : [], strategy: "all", timeout: 20 })}
          form={(form) => <>{nameAndNumber(form)}<Members label={t("form.members")} value={(form.entry.members as string[] | undefined) ?? []} onChange={(members) => form.set("members", members)} plan={form.plan} wrong={form.wrong("members")} /><SelectField label={t("form.strategy")} value={text(form.entry, "strategy") || "all"} options={strategies} onChange={(one) => form.set("strategy", one)} /><NumberField label={t("form.ring_for")} unit="s" value={form.entry.timeout as number | undefined} placeholder="20" min={1} onChange={(value) => form.set("timeout", value)} wrong={form.wrong("timeout")} /></>} />}
        {section === "queues" && <Entries section="queues" base={`${base}/queues`} chosen={entry} app="queue" addWord={t("action.add")} keyOf={(one) => one.number ?? one.name}
          fresh={(plan) => ({ name: freeEntryName(plan.queues, t("people.new_queue")), number: freeNumber(plan, 401), agents: [], strategy: "all" })}
          form={(form) => <>
            {nameAndNumber(form)}
            <Agents company={company} value={(form.entry.agents as Agent[] | undefined) ?? []} queue={form.entry.number ?? ""} onChange={(agents) => form.set("agents", agents)} plan={form.plan} />
            <SelectField label={t("form.strategy")} value={text(form.entry, "strategy") || "all"} options={strategies} onChange={(one) => form.set("strategy", one)} />
            <div className="number-grid">
              <NumberField label={t("form.max_waiting")} value={form.entry.max_waiting as number | undefined} placeholder="10" min={1} onChange={(value) => form.set("max_waiting", value)} wrong={form.wrong("max_waiting")} />
              <NumberField label={t("form.max_wait")} unit="s" value={form.entry.max_wait as number | undefined} placeholder="600" min={1} onChange={(value) => form.set("max_wait", value)} wrong={form.wrong("max_wait")} />
              <NumberField label={t("form.wrap_up")} unit="s" value={form.entry.wrap_up as number | undefined} placeholder="5" min={0} onChange={(value) => form.set("wrap_up", value)} wrong={form.wrong("wrap_up")} />
              <NumberField label={t("form.level_timeout")} unit="s" value={form.entry.level_timeout as number | undefined} placeholder="30" min={1} onChange={(value) => form.set("level_timeout", value)} wrong={form.wrong("level_timeout")} />
              <NumberField label={t("form.announce_every")} unit="s" value={form.entry.announce_every as number | undefined} placeholder="30" min={1} onChange={(value) => form.set("announce_every", value)} wrong={form.wrong("announce_every")} />
            </div>
            <Spoken label={t("form.greeting")} value={form.entry.greeting} onChange={(prompt) => form.set("greeting", prompt)} />
            <Spoken label={t("form.announcement")} value={form.entry.announcement} onChange={(prompt) => form.set("announcement", prompt)} />
          </>} />}
        {section === "voicemail" && <Entries section="voicemail_boxes" base={`${base}/voicemail`} chosen={entry} app="voicemail" addWord={t("action.add")} keyOf={(one) => one.number ?? one.name}
          fresh={(plan) => ({ name: freeEntryName(plan.voicemail_boxes, t("people.new_box")), number: freeNumber(plan, 501) })}
          form={(form) => <>
            {nameAndNumber(form)}
            <ListField label={t("form.emails")} value={(form.entry.email as string[] | undefined) ?? []} onChange={(email) => form.set("email", email)} wrong={form.wrong("email")} />
            <Spoken label={t("form.greeting")} value={form.entry.greeting} onChange={(prompt) => form.set("greeting", prompt)} />
            <div className="number-grid"><NumberField label={t("form.max_length")} unit="s" value={form.entry.max_length as number | undefined} placeholder="180" min={1} max={3600} onChange={(value) => form.set("max_length", value)} wrong={form.wrong("max_length")} /><NumberField label={t("form.keep_days")} value={form.entry.keep_days as number | undefined} placeholder="30" min={1} onChange={(value) => form.set("keep_days", value)} wrong={form.wrong("keep_days")} /></div>
          </>}
          after={(form) => <Messages company={company} box={form.entry.number ?? ""} />} />}
        {section === "phone-book" && <PhoneBook company={company} />}
      </div></div>
      {publishing && <Publish onClose={() => setPublishing(false)} onGo={() => setPublishing(false)} />}
      <ConflictDialog />
    </main>
  );
}

function Spoken({ label, value, onChange }: { label: string; value: unknown; onChange: (prompt: unknown) => void }) {
  const { t } = useWords();
  const { draft } = useDraft();
  const prompt = (value ?? {}) as { say?: string; file?: string };
  const toggle = <button type="button" className="link" onClick={() => onChange(prompt.file === undefined ? { file: "" } : undefined)}>{t(prompt.file === undefined ? "form.file" : "form.spoken")}</button>;
  if (prompt.file !== undefined) return <div className="stack" style={{ gap: 8 }}><SoundPicker label={label} company={draft.company} value={prompt.file} onChange={(file) => onChange({ file })} /><span>{toggle}</span></div>;
  return <TextField label={label} lines={2} value={prompt.say ?? ""} onChange={(say) => onChange(say ? { ...prompt, say } : undefined)} after={toggle} />;
}

function Members({ label, value, onChange, plan, wrong }: { label: string; value: string[]; onChange: (members: string[]) => void; plan: Plan; wrong: string | undefined }) {
  const { t } = useWords();
  return (
    <div className="field">
      <span className="label">{label}</span>
      {value.map((number, index) => <div key={number} className="row member"><Tile app="connect" small /><span className="grow">{destination(plan, number)?.name ?? number} <span className="quiet">{number}</span></span>{index > 0 && <button type="button" className="icon-button" aria-label={`↑ ${number}`} onClick={() => onChange(value.map((one, at) => (at === index - 1 ? number : at === index ? value[index - 1]! : one)))}>↑</button>}<button type="button" className="icon-button" aria-label={`${t("action.delete")} ${number}`} onClick={() => onChange(value.filter((one) => one !== number))}><Trash2 size={15} /></button></div>)}
      {wrong && <p className="wrong">{wrong}</p>}
      <NumberPicker key={value.length} label={t("action.add")} value="" plan={{ ...plan, users: (plan.users ?? []).filter((user) => !value.includes(user.number)) }} kinds={["user"]} outside={false} onChange={(number) => { if (number && !value.includes(number)) onChange([...value, number]); }} />
    </div>
  );
}

function Agents({ value, onChange, plan, company, queue }: { value: Agent[]; onChange: (agents: Agent[]) => void; plan: Plan; company: string; queue: string }) {
  const { t } = useWords();
  const live = useLive(company);
  const { may } = useAccess();
  const queries = useQueryClient();
  const now = live.data?.queues.find((one) => one.number === queue)?.agents ?? [];
  const switchOn = async (user: string, logged_in: boolean): Promise<void> => {
    try { await send("PUT", `/companies/${company}/state/agents/${queue}/${user}`, { logged_in }); await queries.invalidateQueries({ queryKey: ["live", company] }); } catch (error) { toast((error as Error).message); }
  };
  return (
    <div className="field">
      <span className="label">{t("form.agents")}</span>
      {value.map((agent, index) => {
        const state = now.find((one) => one.number === agent.user);
        return <div key={agent.user} className="row member"><Tile app="connect" small /><span className="grow">{destination(plan, agent.user)?.name ?? agent.user} <span className="quiet">{agent.user}</span></span>
          {state && <button type="button" className={`badge round ${state.standing === "in" ? "good" : ""}`} style={{ border: 0, cursor: "pointer", minHeight: 24 }} aria-pressed={state.standing === "in"} disabled={!may("operate")} onClick={() => void switchOn(agent.user, state.standing !== "in")}>{t(state.standing === "in" ? "live.logged_in" : standing(state.standing))}</button>}
          <label className="row quiet" style={{ fontSize: 12.5 }}>{t("form.level")}<input className="input" style={{ width: 60, height: 30 }} type="number" min={1} max={99} value={agent.level ?? 1} onChange={(event) => onChange(value.map((one, at) => (at === index ? { ...one, level: event.target.valueAsNumber || 1 } : one)))} /></label>
          <button type="button" className="icon-button" aria-label={`${t("action.delete")} ${agent.user}`} onClick={() => onChange(value.filter((one) => one !== agent))}><Trash2 size={15} /></button></div>;
      })}
      <NumberPicker key={value.length} label={t("action.add")} value="" plan={{ ...plan, users: (plan.users ?? []).filter((user) => !value.some((agent) => agent.user === user.number)) }} kinds={["user"]} outside={false} onChange={(number) => { if (number) onChange([...value, { user: number, level: 1 }]); }} />
    </div>
  );
}

function Phones({ company, form }: { company: string; form: EntryForm }) {
  const { t } = useWords();
  const { draft, state } = useDraft();
  const [showing, setShowing] = useState<{ username: string; account: string; password: string } | null>(null);
  const accounts = useAccounts(company);
  const phones = (form.entry.phones as Phone[] | undefined) ?? [];
  const stem = form.entry.name.split(" ")[0]!.normalize("NFD").replace(/[^A-Za-z0-9]/g, "").toLowerCase() || "phone";
  const taken = new Set((form.plan.users ?? []).flatMap((user) => (user.phones ?? []).map((phone) => phone.username)));
  /** The server makes the password, and shows it this once. */
  const renew = async (username: string): Promise<void> => {
    try {
      await draft.save();
      const made = await post<{ account: string; password: string }>(`/companies/${company}/phones/${encodeURIComponent(username)}/password`);
      setShowing({ username, ...made });
    } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); }
  };
  const add = (): void => {
    let username = stem;
    for (let count = 2; taken.has(username); count += 1) username = `${stem}${count}`;
    form.set("phones", [...phones, { username, password: `secret:${username}_sip` }]);
    void renew(username);
  };
  return (
    <section className="panel">
      <header><h2 className="grow">{t("form.phones")}</h2>{!state?.readOnly && <button type="button" className="button small" onClick={add}><Plus size={15} aria-hidden />{t("people.add_phone")}</button>}</header>
      <ul className="inside stack" style={{ gap: 8 }}>
        {state?.readOnly && phones.map((phone) => <li key={phone.username} className="mono">{phone.username}</li>)}
        {!state?.readOnly && phones.map((phone, index) => (
          <li key={index} className="row" style={{ flexWrap: "wrap" }}>
            <input className="input mono grow" style={{ maxWidth: 220 }} aria-label={t("form.username")} value={phone.username} onChange={(event) => form.set("phones", phones.map((one, at) => (at === index ? { ...one, username: event.target.value } : one)))} />
            <span className="grow" />
            <button type="button" className="button small" onClick={() => setShowing({ username: phone.username, account: accounts.find((one) => one.username === phone.username)?.account ?? phone.username, password: "" })}>{t("people.connect_phone")}</button>
            <button type="button" className="button small" onClick={() => void renew(phone.username)}>{t("people.new_password")}</button>
            <button type="button" className="icon-button" aria-label={`${t("action.delete")} ${phone.username}`} onClick={() => form.set("phones", phones.filter((_, at) => at !== index))}><Trash2 size={15} /></button>
          </li>
        ))}
        {phones.length === 0 && <li className="quiet">{t("overview.no_phone", { name: form.entry.name })}</li>}
      </ul>
      {showing && <ConnectPhone company={company} name={form.entry.name} username={showing.account} password={showing.password} onClose={() => setShowing(null)} />}
    </section>
  );
}

/** What to type into a softphone, and the same as a code to scan. The password is there only when it was just made. */
function ConnectPhone({ company, name, username, password, onClose }: { company: string; name: string; username: string; password: string; onClose: () => void }) {
  const { t } = useWords();
  const about = useQuery({ queryKey: ["company", company], queryFn: () => get<{ sip?: string }>(`/companies/${company}`), retry: false });
  // The server says where phones register; on this machine only, that is the address the page came from.
  const [host = "", port = "5060"] = (about.data?.sip ?? "").replace(/^sips?:/, "").split(/:(?=\d+$)/);
  const server = `${host && host !== "0.0.0.0" ? host : location.hostname}:${port}`;
  const uri = `sip:${username}${password ? `:${encodeURIComponent(password)}` : ""}@${server};transport=udp`;
  const code = useMemo(() => { const qr = qrcode(0, "M"); qr.addData(uri); qr.make(); return qr; }, [uri]);
  const size = code.getModuleCount();
  let path = "";
  for (let row = 0; row < size; row += 1) for (let column = 0; column < size; column += 1) if (code.isDark(row, column)) path += `M${column} ${row}h1v1h-1z`;
  const rows: [string, string][] = [[t("people.server"), server], [t("form.username"), username], [t("form.password"), password || t("people.password_kept")], [t("form.name"), name], [t("form.transport"), "UDP"]];
  return (
    <Dialog title={t("people.connect_phone")} more={t("people.connect_more")} onClose={onClose} footer={<div className="row"><span className="grow" /><button type="button" className="button primary" onClick={onClose}>{t("action.close")}</button></div>}>
      <section className="connect-phone">
        <svg viewBox={`-2 -2 ${size + 4} ${size + 4}`} className="qr" role="img" aria-label={t("people.connect_phone")}><rect x={-2} y={-2} width={size + 4} height={size + 4} fill="#fff" /><path d={path} fill="#000" /></svg>
        <div><dl>{rows.map(([label, value]) => <div key={label}><dt className="quiet">{label}</dt><dd className={label === t("form.name") ? "" : "mono"}>{value}</dd></div>)}</dl>{password && <p className="badge warn" style={{ whiteSpace: "normal", marginTop: 10 }}>{t("people.password_once")}</p>}</div>
      </section>
    </Dialog>
  );
}

function Personal({ company, form }: { company: string; form: EntryForm }) {
  const { t } = useWords();
  const apps = useApps();
  if (!apps.data) return null;
  return (
    <section className="panel personal">
      <header><h2 className="grow">{t("form.personal")}</h2><span className="quiet">{t("form.personal_more", { number: form.entry.number ?? "" })}</span></header>
      <RouteEditor company={company} top={`users[${form.index}].route`} apps={apps.data.filter((app) => app.name !== "webhook")} palette={false} emptyStart={false} begin={<div className="rail-end"><span className="node"><PhoneIcon size={13} aria-hidden /></span><span>{t("editor.someone_calls")} <b>{form.entry.number}</b></span></div>} />
    </section>
  );
}

interface BookEntry { number: string; name: string }

function PhoneBook({ company }: { company: string }) {
  const { t } = useWords();
  const { may } = useAccess();
  const { state } = useDraft();
  const queries = useQueryClient();
  const [query, setQuery] = useState("");
  const [fresh, setFresh] = useState({ name: "", number: "" });
  const file = useRef<HTMLInputElement>(null);
  const key = ["phone-book", company];
  const found = useQuery({ queryKey: [...key, query], queryFn: () => get<Page<BookEntry>>(`/companies/${company}/phone-book?limit=100${query ? `&search=${encodeURIComponent(query)}` : ""}`), retry: false });
  const again = (): Promise<void> => queries.invalidateQueries({ queryKey: key });
  const told = async (work: Promise<unknown>): Promise<void> => { try { await work; await again(); } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); } };
  const list: BookEntry[] = found.data ? listed(found.data) : found.isError ? (state?.history.now.plan.phone_book ?? []) : [];
  return (
    <section className="panel" style={{ maxWidth: 760 }}>
      <header><input className="input grow" type="search" style={{ height: 32 }} value={query} placeholder={t("action.search")} aria-label={t("action.search")} onChange={(event) => setQuery(event.target.value)} />
        <input ref={file} type="file" accept=".csv,.vcf,text/csv,text/vcard" hidden onChange={(event) => { const chosen = event.target.files?.[0]; if (chosen) void told(ask("POST", `/companies/${company}/phone-book/import`, chosen, { "Content-Type": chosen.name.endsWith(".vcf") ? "text/vcard" : "text/csv" })); event.target.value = ""; }} />
        {may("edit") && <button type="button" className="button small" onClick={() => file.current?.click()}><Upload size={15} aria-hidden />{t("people.import")}</button>}</header>
      {may("edit") && <form className="inside row" onSubmit={(event) => { event.preventDefault(); void told(send("PUT", `/companies/${company}/phone-book/${encodeURIComponent(fresh.number)}`, { name: fresh.name })).then(() => setFresh({ name: "", number: "" })); }}>
        <input className="input grow" required value={fresh.name} placeholder={t("form.name")} aria-label={t("form.name")} onChange={(event) => setFresh({ ...fresh, name: event.target.value })} />
        <input className="input" style={{ width: 200 }} required value={fresh.number} placeholder={t("phone.number")} aria-label={t("phone.number")} onChange={(event) => setFresh({ ...fresh, number: event.target.value })} />
        <button type="submit" className="button"><Plus size={15} aria-hidden />{t("action.add")}</button>
      </form>}
      <table className="table"><tbody>{list.map((entry) => <tr key={entry.number}><td><b>{entry.name}</b></td><td className="nowrap">{shown(entry.number, state?.history.now.plan.company.country)}</td><td className="right nowrap"><CallButton company={company} number={entry.number} name={entry.name} />{may("edit") && !found.isError && <button type="button" className="icon-button" aria-label={`${t("action.delete")} ${entry.name}`} onClick={() => void told(send("DELETE", `/companies/${company}/phone-book/${encodeURIComponent(entry.number)}`))}><Trash2 size={15} /></button>}</td></tr>)}</tbody></table>
      {list.length === 0 && <Empty title={t("state.nothing")} />}
    </section>
  );
}
