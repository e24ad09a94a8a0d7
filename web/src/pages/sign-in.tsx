import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ListTree } from "lucide-react";
import { useState } from "react";
import { Redirect } from "wouter";
import { get, post, Refused, trust } from "../api/client";
import type { Session } from "../api/types";
import { TextField, toast } from "../ui/parts";
import { speak, useWords, type Word } from "../words";

const CAME_BACK: Record<string, Word> = { unknown: "sign_in.unknown", refused: "sign_in.refused", away: "sign_in.away" };

export function SignIn() {
  const { t, language } = useWords();
  const queries = useQueryClient();
  const setup = useQuery({ queryKey: ["setup"], queryFn: () => get<{ needed: boolean }>("/setup") });
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => get<{ password: boolean; provider: string | null }>("/session/ways") });
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const [wrong, setWrong] = useState(() => { const came = CAME_BACK[new URLSearchParams(location.search).get("sign-in") ?? ""]; return came ? t(came) : ""; });
  const [busy, setBusy] = useState(false);
  if (setup.data?.needed) return <Redirect to={`/setup${location.hash}`} replace />;
  const go = async (): Promise<void> => {
    setBusy(true);
    setWrong("");
    try {
      const session = await post<Session>("/session", { email, password, ...(code ? { code } : {}) });
      trust(session.csrf);
      queries.setQueryData(["session"], session);
    } catch (error) {
      if (error instanceof Refused && error.problem.type?.endsWith("/code")) { setNeedsCode(true); setWrong(t("sign_in.needs_code")); }
      else setWrong(error instanceof Refused ? (error.status === 429 ? t("sign_in.wait") : t("sign_in.wrong")) : t("state.offline"));
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <div className="panel">
        <div className="row"><span className="tile" style={{ background: "var(--ink)", color: "var(--on-ink)" }} aria-hidden><ListTree size={18} /></span><b className="grow" style={{ fontSize: 16 }}>Belplan</b><button type="button" className="link" lang={language === "nl" ? "en" : "nl"} onClick={() => speak(language === "nl" ? "en" : "nl")}>{t("account.language")}</button></div>
        <h1>{t("sign_in.title")}</h1>
        {ways.data?.provider && <a className="button primary" href="/api/v1/session/provider">{t("sign_in.with", { name: ways.data.provider })}</a>}
        {ways.data?.password === false ? wrong && <p role="alert" style={{ color: "var(--bad)" }}>{wrong}</p> : <form onSubmit={(event) => { event.preventDefault(); void go(); }}>
          <TextField label={t("sign_in.email")} type="email" autoComplete="username" required value={email} onChange={setEmail} />
          <TextField label={t("sign_in.password")} type="password" autoComplete="current-password" required value={password} onChange={setPassword} />
          {needsCode && <TextField label={t("sign_in.code")} autoComplete="one-time-code" value={code} onChange={setCode} maxLength={11} />}
          {wrong && <p role="alert" style={{ color: "var(--bad)" }}>{wrong}</p>}
          <button type="button" className="link" style={{ alignSelf: "flex-start" }} disabled={!email} onClick={() => void post("/reset", { email }).finally(() => toast(t("sign_in.sent")))}>{t("sign_in.forgot")}</button>
          <button type="submit" className="button primary" disabled={busy}>{t("sign_in.go")}</button>
        </form>}
      </div>
    </main>
  );
}
