/** From nothing to a working company, in three steps. */

import { useQueryClient } from "@tanstack/react-query";
import { Building2, ListTree, Sparkles, User } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { post, Refused, trust } from "../api/client";
import type { Session } from "../api/types";
import { TextField } from "../ui/parts";
import { speak, useWords } from "../words";
import { CompanyFields, here } from "./new-company";

export function SetupPage() {
  const { t, language } = useWords();
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const [step, setStep] = useState(0);
  const [token, setToken] = useState(location.hash.slice(1));
  const [you, setYou] = useState({ name: "", email: "", password: "" });
  const [company, setCompany] = useState(() => here(language));
  const [sample, setSample] = useState<"demo" | "empty">("demo");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const [given] = useState(!!token);
  const go = async (): Promise<void> => {
    if (step < 2) { setStep(step + 1); return; }
    setBusy(true);
    setWrong("");
    try {
      const session = await post<Session>("/setup", { token, ...you, company, sample });
      trust(session.csrf);
      queries.setQueryData(["session"], session);
      const first = session.companies[0];
      navigate(first ? `/c/${first.id}/${sample === "demo" ? "plans" : "overview"}` : "/", { replace: true });
    } catch (error) {
      setWrong(error instanceof Refused ? error.message : t("state.offline"));
      setBusy(false);
    }
  };
  const steps = [[User, "setup.you"], [Building2, "setup.company"], [Sparkles, "setup.start"]] as const;
  return (
    <main className="sign-in">
      <div className="panel" style={{ width: "min(560px, 100%)" }}>
        <div className="row"><span className="tile" style={{ background: "var(--ink)", color: "var(--on-ink)" }} aria-hidden><ListTree size={18} /></span><b className="grow" style={{ fontSize: 16 }}>Belplan</b><button type="button" className="link" onClick={() => speak(language === "nl" ? "en" : "nl")}>{t("account.language")}</button></div>
        <h1>{t("setup.title")}</h1>
        <ol className="wizard-steps">{steps.map(([Icon, word], index) => <li key={word} aria-current={index === step ? "step" : undefined} className={index < step ? "done" : ""}><Icon size={16} aria-hidden />{t(word)}</li>)}</ol>
        <form onSubmit={(event) => { event.preventDefault(); void go(); }}>
          {step === 0 && (
            <>
              <p className="quiet">{t("setup.you_more")}</p>
              <TextField label={t("setup.name")} value={you.name} required autoComplete="name" onChange={(name) => setYou({ ...you, name })} />
              <TextField label={t("sign_in.email")} type="email" value={you.email} required autoComplete="username" onChange={(email) => setYou({ ...you, email })} />
              <TextField label={t("sign_in.password")} type="password" value={you.password} required autoComplete="new-password" help={t("setup.password_help")} onChange={(password) => setYou({ ...you, password })} />
              {!given && <TextField label={t("setup.token")} mono value={token} required help={t("setup.link")} onChange={setToken} />}
            </>
          )}
          {step === 1 && (
            <>
              <CompanyFields company={company} onChange={setCompany} />
            </>
          )}
          {step === 2 && (
            <div role="radiogroup" aria-label={t("setup.start")} className="stack" style={{ gap: 10 }}>
              {(["demo", "empty"] as const).map((name) => (
                <label key={name} className={`choice${sample === name ? " chosen" : ""}`}><input type="radio" name="sample" checked={sample === name} onChange={() => setSample(name)} /><span><b>{t(`setup.${name}`)}</b><br /><span className="quiet">{t(`setup.${name}_more`)}</span></span></label>
              ))}
            </div>
          )}
          {wrong && <p role="alert" style={{ color: "var(--bad)" }}>{wrong}</p>}
          <div className="row">{step > 0 && <button type="button" className="button" onClick={() => setStep(step - 1)}>{t("action.back")}</button>}<span className="grow" /><button type="submit" className="button primary" disabled={busy}>{t(step < 2 ? "setup.next" : "setup.go")}</button></div>
        </form>
      </div>
    </main>
  );
}
