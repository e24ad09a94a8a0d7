/** Who may sign in to this company: what they are, which telephone is theirs, and how they come in again. */

import { KeyRound, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { post, send } from "../api/client";
import { useDraft } from "../editor/draft";
import { type Word, useWords } from "../words";
import { useList } from "./settings";

interface PersonRow { id: string; name: string; email: string; role: string; extension: string | null; signs_in: boolean; second_factor: boolean }

const ROLES = ["administrator", "editor", "agent", "read-only"] as const;

export function AccessList({ company }: { company: string }) {
  const { t } = useWords();
  const { state } = useDraft();
  const { list, refused, told } = useList<PersonRow>(company, "people");
  const [fresh, setFresh] = useState({ name: "", email: "", role: "agent", extension: "" });
  const [link, setLink] = useState<{ name: string; link: string; mailed: boolean } | null>(null);
  const users = state?.history.now.plan.users ?? [];
  const place = ({ role, extension }: { role: string; extension: string | null }): object => ({ role, ...(extension ? { extension } : {}) });
  const roles = <>{ROLES.map((role) => <option key={role} value={role}>{t(`role.${role}`)}</option>)}</>;
  const phones = (own: string): React.ReactNode => <><option value="">{t("access.no_phone")}</option>{own && !users.some((user) => user.number === own) && <option>{own}</option>}{users.map((user) => <option key={user.number} value={user.number}>{user.number} {user.name}</option>)}</>;
  const invite = async (): Promise<void> => {
    const made = await told(post<{ link: string; mailed: boolean }>(`/companies/${company}/people`, { name: fresh.name, email: fresh.email, ...place(fresh) }));
    if (!made) return;
    setLink({ name: fresh.name, ...made });
    setFresh({ ...fresh, name: "", email: "", extension: "" });
  };
  const reset = async (person: PersonRow): Promise<void> => {
    const made = await told(post<{ link: string; mailed: boolean }>(`/companies/${company}/people/${person.id}/reset`));
    if (made) setLink({ name: person.name, ...made });
  };
  return (
    <section className="panel" style={{ maxWidth: 980 }}>
      <header><h2>{t("settings.people")}</h2></header>
      <form className="inside stack" style={{ gap: 10 }} onSubmit={(event) => { event.preventDefault(); void invite(); }}>
        <div className="row" style={{ flexWrap: "wrap" }}>
          <input className="input grow" style={{ minWidth: 160 }} required placeholder={t("form.name")} aria-label={t("form.name")} value={fresh.name} onChange={(event) => { const name = event.target.value; const user = users.find((one) => one.name === name); setFresh({ ...fresh, name, ...(user ? { extension: user.number, email: fresh.email || (user.email ?? "") } : {}) }); }} list="access-users" />
          <datalist id="access-users">{users.map((user) => <option key={user.number}>{user.name}</option>)}</datalist>
          <input className="input grow" style={{ minWidth: 200 }} required type="email" placeholder={t("sign_in.email")} aria-label={t("sign_in.email")} value={fresh.email} onChange={(event) => setFresh({ ...fresh, email: event.target.value })} />
          <select className="select" style={{ width: 190 }} aria-label={t("settings.role")} value={fresh.role} onChange={(event) => setFresh({ ...fresh, role: event.target.value })}>{roles}</select>
          <select className="select" style={{ width: 190 }} aria-label={t("access.phone")} value={fresh.extension} onChange={(event) => setFresh({ ...fresh, extension: event.target.value })}>{phones(fresh.extension)}</select>
          <button type="submit" className="button"><Plus size={15} aria-hidden />{t("settings.invite")}</button>
        </div>
        <p className="quiet">{t(`role.${fresh.role}_more` as Word)}</p>
      </form>
      {link && <div className="inside" role="status" style={{ paddingTop: 0 }}><p className="badge good" style={{ whiteSpace: "normal" }}>{t(link.mailed ? "access.mailed" : "access.link", { name: link.name })}</p><p className="mono" style={{ overflowWrap: "anywhere", marginTop: 8 }}>{link.link}</p></div>}
      {refused && <p className="inside quiet">{refused}</p>}
      <ul>{list.map((person) => (
        <li key={person.id} className="message" style={{ flexWrap: "wrap" }}>
          <span className="grow" style={{ minWidth: 200 }}><b>{person.name}</b> {!person.signs_in && <span className="badge warn">{t("settings.invited")}</span>}<br /><span className="quiet">{person.email}</span></span>
          <select className="select" style={{ width: 190 }} aria-label={`${t("settings.role")}: ${person.name}`} value={person.role} onChange={(event) => void told(send("PUT", `/companies/${company}/people/${person.id}`, place({ ...person, role: event.target.value })))}>{roles}</select>
          <select className="select" style={{ width: 190 }} aria-label={`${t("access.phone")}: ${person.name}`} value={person.extension ?? ""} onChange={(event) => void told(send("PUT", `/companies/${company}/people/${person.id}`, place({ ...person, extension: event.target.value })))}>{phones(person.extension ?? "")}</select>
          <button type="button" className="icon-button" title={t("access.reset")} aria-label={`${t("access.reset")}: ${person.name}`} onClick={() => void reset(person)}><KeyRound size={15} /></button>
          <button type="button" className="icon-button" aria-label={`${t("action.delete")} ${person.name}`} onClick={() => void told(send("DELETE", `/companies/${company}/people/${person.id}`))}><Trash2 size={15} /></button>
        </li>))}</ul>
    </section>
  );
}
