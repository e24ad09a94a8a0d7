/** What administrators need now and then: the company, lines, sounds, secrets, access, tokens, the log, versions. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Languages, LogOut, Plus, SunMoon, Trash2, Undo2 } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { homeOf, useAccess } from "../access";
import { get, listed, post, Refused, send } from "../api/client";
import type { Right, Session, Version } from "../api/types";
import { ConflictDialog } from "../editor/conflict";
import { useDraft } from "../editor/draft";
import { FormFoot } from "../editor/form";
import { NumberPicker } from "../editor/pickers";
import { DraftBar, UndoRedo } from "../editor/plan-page";
import { Changes, Publish } from "../editor/publish";
import { Gradual } from "../editor/gradual";
import { put } from "../plan/path";
import { CheckField, Empty, ListField, Loading, NumberField, SelectField, TextField, toast } from "../ui/parts";
import { switchTheme } from "../theme";
import { clock, day, speak, useWords, type Word } from "../words";
import { WORDS } from "../words/words";
import { AccessList } from "./people-access";
import { Entries } from "./entries";
import { DataRegister, EventWebhooks } from "./events";
import { SectionTabs } from "./people";
import { freeEntryName } from "./plans";
import { SecondFactor } from "./second-factor";
import { SoundsList } from "./sounds";
import { countryNames, NewCompany, timezones } from "./new-company";

const SECTIONS: [string, Word, Right][] = [["company", "settings.company", "read"], ["versions", "settings.versions", "read"], ["trunks", "settings.trunks", "read"], ["prompts", "settings.prompts", "read"], ["events", "settings.events", "administer"], ["data", "settings.data", "read"], ["secrets", "settings.secrets", "edit"], ["access", "settings.people", "administer"], ["tokens", "settings.tokens", "administer"], ["audit", "settings.audit", "administer"], ["account", "settings.account", "member"]];

export function SettingsPage({ company, section: asked, entry, session }: { company: string; section: string; entry: string | undefined; session: Session }) {
  const { t } = useWords();
  const { state } = useDraft();
  const [publishing, setPublishing] = useState(false);
  const { may } = useAccess();
  if (!state) return <Loading lines={4} />;
  const sections = SECTIONS.filter(([, , right]) => may(right)).map(([name, word]) => [name, word] as const);
  const section = sections.some(([name]) => name === asked) ? asked : sections[0]![0];
  const base = `/c/${company}/settings`;
  return (
    <main className="main" id="content">
      <header className="top"><h1>{t("nav.settings")}</h1><span className="spacer" />{["company", "trunks", "versions"].includes(section) && <><UndoRedo /><DraftBar company={company} onPublish={() => setPublishing(true)} /></>}</header>
      <SectionTabs base={base} sections={sections} now={section} />
      <div className="scroll"><div className="page">
        {section === "company" && <CompanyForm />}
        {section === "account" && <Account session={session} company={company} />}
        {section === "versions" && <Versions company={company} />}
        {section === "trunks" && <Entries section="trunks" base={`${base}/trunks`} chosen={entry} app="goto" addWord={t("action.add")} keyOf={(one) => one.name} fresh={(plan) => ({ name: freeEntryName(plan.trunks, "provider").replace(" ", "-"), host: "" })}
          form={({ entry: one, set, wrong }) => <>
            <TextField label={t("form.name")} mono value={one.name} onChange={(name) => set("name", name)} wrong={wrong("name")} />
            <TextField label={t("form.host")} mono value={String(one.host ?? "")} onChange={(host) => set("host", host)} wrong={wrong("host")} />
            <div className="number-grid"><NumberField label={t("form.port")} value={one.port as number | undefined} placeholder="5060" min={1} max={65535} onChange={(port) => set("port", port)} wrong={wrong("port")} /><SelectField label={t("form.transport")} value={String(one.transport ?? "udp")} options={[["udp", "UDP"], ["tcp", "TCP"], ["tls", "TLS"]]} onChange={(transport) => set("transport", transport)} /><NumberField label={t("form.channels")} value={one.channels as number | undefined} placeholder="10" min={1} onChange={(channels) => set("channels", channels)} wrong={wrong("channels")} /></div>
            <TextField label={t("form.username")} mono value={String(one.username ?? "")} onChange={(name) => set("username", name)} wrong={wrong("username")} />
            <TextField label={t("form.password")} mono placeholder="secret:trunk" help={t("form.trunk_password_help")} value={String(one.password ?? "")} onChange={(password) => set("password", password)} wrong={wrong("password")} />
            <CheckField label={t("form.register")} help={t("form.register_help")} value={one.register === true} onChange={(on) => set("register", on || undefined)} />
            <ListField label={t("form.inbound_from")} mono value={(one.inbound_from as string[] | undefined) ?? []} onChange={(list) => set("inbound_from", list)} wrong={wrong("inbound_from")} />
            <ListField label={t("form.numbers")} help={t("form.numbers_help")} value={(one.numbers as string[] | undefined) ?? []} onChange={(list) => set("numbers", list)} wrong={wrong("numbers")} />
          </>} />}
        {section === "prompts" && <SoundsList company={company} />}
        {section === "events" && <EventWebhooks company={company} />}
        {section === "data" && <DataRegister company={company} />}
        {section === "secrets" && <Secrets company={company} />}
        {section === "access" && <AccessList company={company} />}
        {section === "tokens" && <Tokens company={company} />}
        {section === "audit" && <Audit company={company} />}
      </div></div>
      {publishing && <Publish onClose={() => setPublishing(false)} onGo={() => setPublishing(false)} />}
      <ConflictDialog />
    </main>
  );
}

function CompanyForm() {
  const { t, language } = useWords();
  const { draft, state } = useDraft();
  const plan = state!.history.now.plan;
  const set = (field: string, value: unknown): void => draft.edit(put(draft.plan, ["company", field], value === "" ? undefined : value), undefined, `company.${field}`);
  return (
    <div className="stack" style={{ maxWidth: 640 }}>
      <section className="panel"><header><h2>{t("settings.company")}</h2></header>
        <fieldset className="form" disabled={state!.readOnly}>
          <TextField label={t("setup.company_name")} value={plan.company.name ?? ""} onChange={(name) => set("name", name)} />
          <SelectField label={t("form.country")} value={plan.company.country ?? "NL"} options={countryNames(language)} onChange={(country) => set("country", country)} />
          <SelectField label={t("form.timezone")} value={plan.company.timezone ?? "Europe/Amsterdam"} options={timezones()} onChange={(zone) => set("timezone", zone)} />
          <SelectField label={t("setup.language")} value={plan.company.language ?? "nl"} options={[["nl", "Nederlands"], ["en", "English"]]} onChange={(next) => set("language", next)} />
          <NumberPicker label={t("form.last_resort")} value={plan.company.last_resort ?? ""} plan={plan} kinds={["user", "group"]} onChange={(number) => set("last_resort", number)} />
        </fieldset><FormFoot /></section>
    </div>
  );
}

function Account({ session, company }: { session: Session; company: string }) {
  const { t, language } = useWords();
  const [making, setMaking] = useState(false);
  const operator = session.user.role === "operator";
  return (
    <div className="stack" style={{ maxWidth: 640 }}>
      <section className="panel"><header><h2>{t("settings.appearance")}</h2></header><div className="inside row" style={{ flexWrap: "wrap" }}><span className="grow">{session.user.name} · <span className="quiet">{session.user.email}</span></span><button type="button" className="button" onClick={() => speak(language === "nl" ? "en" : "nl")}><Languages size={15} aria-hidden />{t("account.language")}</button><button type="button" className="button" onClick={switchTheme}><SunMoon size={15} aria-hidden />{t("account.theme")}</button><button type="button" className="button" onClick={() => void send("DELETE", "/session").finally(() => location.assign("/"))}><LogOut size={15} aria-hidden />{t("account.sign_out")}</button></div></section>
      {(session.companies.length > 1 || operator) && <section className="panel"><header><h2 className="grow">{t("account.companies")}</h2>{operator && <button type="button" className="button small" onClick={() => setMaking(true)}><Plus size={15} aria-hidden />{t("settings.new_company")}</button>}</header><ul className="entry-list">{session.companies.map((own) => <li key={own.id}><Link href={homeOf(own)} aria-current={own.id === company}><b className="grow">{own.name}</b><span className="quiet">{t(`role.${own.role as "agent"}`)}</span></Link></li>)}</ul></section>}
      {making && <NewCompany onClose={() => setMaking(false)} />}
      <SecondFactor session={session} />
    </div>
  );
}

function Versions({ company }: { company: string }) {
  const { t, language } = useWords();
  const { draft, state } = useDraft();
  const queries = useQueryClient();
  const [open, setOpen] = useState(0);
  const found = useQuery({ queryKey: ["versions", company], queryFn: async () => listed(await get<Version[]>(`/companies/${company}/versions`)) });
  const back = async (number: number): Promise<void> => {
    try {
      await draft.save();
      const made = await post<Version>(`/companies/${company}/versions/${number}/restore`);
      await Promise.all([queries.invalidateQueries({ queryKey: ["versions", company] }), draft.load()]);
      toast(t("publish.done", { number: made?.number ?? number }));
    } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); }
  };
  if (!found.data) return <Loading />;
  if (!found.data.length) return <Empty title={t("history.none")} />;
  return (
    <div className="stack" style={{ maxWidth: 860, gap: 16 }}>
    <Gradual company={company} mayEdit={!state?.readOnly} />
    <ol className="panel">
      {found.data.map((version) => (
        <li key={version.number} className="version-row">
          <div className="row" style={{ flexWrap: "wrap" }}>
            <b>{t("editor.version", { number: version.number })}</b>{version.live && <span className="badge good round"><i className="dot free" aria-hidden />{t("history.live")}</span>}
            <span className="quiet">{version.author} · {day(version.at, language)}, {clock(version.at, language)}</span><span className="grow" />
            <button type="button" className="button small" aria-expanded={open === version.number} onClick={() => setOpen(open === version.number ? 0 : version.number)}>{t("history.compare")}</button>
            {!version.live && !state?.readOnly && <button type="button" className="button small" onClick={() => void back(version.number)}><Undo2 size={14} aria-hidden />{t("history.roll_back")}</button>}
          </div>
          {version.note && <p>{version.note}</p>}
          {open === version.number && <div style={{ marginTop: 8 }}><Changes company={company} from={version.number} to={state?.readOnly ? state.base : "draft"} now={state!.history.now.plan} /></div>}
        </li>
      ))}
    </ol>
    </div>
  );
}

/** Small lists that the server keeps: what is there, one line to add, a way to take away. */
export function useList<T>(company: string, path: string) {
  const { t } = useWords();
  const queries = useQueryClient();
  const key = [path, company];
  const found = useQuery({ queryKey: key, queryFn: async () => listed(await get<T[]>(`/companies/${company}/${path}`)), retry: false });
  const told = async <R,>(work: Promise<R>): Promise<R | undefined> => { try { const result = await work; await queries.invalidateQueries({ queryKey: key }); return result; } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); return undefined; } };
  return { list: found.data ?? [], refused: found.error instanceof Refused ? found.error.message : "", told };
}

function Secrets({ company }: { company: string }) {
  const { t } = useWords();
  const { list, told } = useList<{ name: string } | string>(company, "secrets");
  const [fresh, setFresh] = useState({ name: "", value: "" });
  return (
    <section className="panel" style={{ maxWidth: 760 }}>
      <header><h2>{t("settings.secrets")}</h2></header>
      <form className="inside stack" style={{ gap: 10 }} onSubmit={(event) => { event.preventDefault(); void told(send("PUT", `/companies/${company}/secrets/${encodeURIComponent(fresh.name)}`, { value: fresh.value })).then(() => setFresh({ name: "", value: "" })); }}>
        <p className="quiet">{t("settings.secret_help")}</p>
        <div className="row" style={{ flexWrap: "wrap" }}><input className="input mono grow" required pattern="[A-Za-z0-9_]+" placeholder="crm" aria-label={t("form.name")} value={fresh.name} onChange={(event) => setFresh({ ...fresh, name: event.target.value })} /><input className="input grow" required type="password" autoComplete="off" aria-label={t("form.value")} placeholder={t("form.value")} value={fresh.value} onChange={(event) => setFresh({ ...fresh, value: event.target.value })} /><button type="submit" className="button">{t("settings.new_secret")}</button></div>
      </form>
      <ul>{list.map((secret) => { const name = typeof secret === "string" ? secret : secret.name; return <li key={name} className="message"><code className="grow">secret:{name}</code><button type="button" className="icon-button" aria-label={`${t("action.delete")} ${name}`} onClick={() => void told(send("DELETE", `/companies/${company}/secrets/${encodeURIComponent(name)}`))}><Trash2 size={15} /></button></li>; })}</ul>
    </section>
  );
}

interface Token { id: string; name: string; person: string; scopes: string[]; created: string; expires: string | null }

const SCOPES = ["live", "read", "records", "operate", "edit", "listen", "administer"] as const;

function Tokens({ company }: { company: string }) {
  const { t, language } = useWords();
  const { list, refused, told } = useList<Token>(company, "tokens");
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read"]);
  const [made, setMade] = useState("");
  return (
    <section className="panel" style={{ maxWidth: 760 }}>
      <header><h2>{t("settings.tokens")}</h2></header>
      <form className="inside stack" style={{ gap: 10 }} onSubmit={(event) => { event.preventDefault(); void told(post<{ text: string }>(`/companies/${company}/tokens`, { name, scopes })).then((token) => { if (token) { setMade(token.text); setName(""); } }); }}>
        <div className="row"><input className="input grow" required placeholder={t("form.name")} aria-label={t("form.name")} value={name} onChange={(event) => setName(event.target.value)} /><button type="submit" className="button" disabled={!scopes.length}><Plus size={15} aria-hidden />{t("settings.new_token")}</button></div>
        <div className="row" role="group" aria-label={t("settings.scopes")} style={{ flexWrap: "wrap", gap: 14 }}>{SCOPES.map((scope) => <label key={scope} className="check"><input type="checkbox" checked={scopes.includes(scope)} onChange={(event) => setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope))} />{t(`right.${scope}`)}</label>)}</div>
      </form>
      {made && <div className="inside"><p className="badge warn" style={{ whiteSpace: "normal" }}>{t("settings.token_once")}</p><p className="mono" style={{ overflowWrap: "anywhere", marginTop: 8 }}>{made}</p></div>}
      {refused && <p className="inside quiet">{refused}</p>}
      <ul>{list.map((token) => <li key={token.id} className="message"><b className="grow">{token.name}</b><span className="quiet">{token.scopes.map((scope) => t(`right.${scope as "read"}`)).join(", ")} · {day(token.created, language)}</span><button type="button" className="icon-button" aria-label={`${t("action.delete")} ${token.name}`} onClick={() => void told(send("DELETE", `/companies/${company}/tokens/${token.id}`))}><Trash2 size={15} /></button></li>)}</ul>
    </section>
  );
}

interface AuditRow { number: number; at: string; who: string; what: string; target: string; detail: Record<string, unknown> }

function Audit({ company }: { company: string }) {
  const { t, language } = useWords();
  const { list, refused } = useList<AuditRow>(company, "audit");
  if (!list.length) return <Empty title={t("state.nothing")} {...(refused ? { more: refused } : {})} />;
  return <section className="panel" style={{ overflowX: "auto" }}><table className="table"><thead><tr><th>{t("calls.when")}</th><th>{t("settings.who")}</th><th>{t("settings.what")}</th></tr></thead><tbody>{list.map((row) => <tr key={row.number}><td className="nowrap">{clock(row.at, language, true)} <span className="quiet">{day(row.at, language)}</span></td><td>{row.who}</td><td>{`audit.${row.what}` in WORDS ? t(`audit.${row.what}` as Word) : row.what}{row.target && <>: <b style={{ fontWeight: 500 }}>{row.target}</b></>} <span className="quiet">{Object.entries(row.detail).map(([name, value]) => `${name}: ${String(value)}`).join(", ")}</span></td></tr>)}</tbody></table></section>;
}
