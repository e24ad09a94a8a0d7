/** Where an invitation and a forgotten password lead: choose a password, by a link that works once. */

import { useState } from "react";
import { useLocation } from "wouter";
import { post, Refused } from "../api/client";
import { TextField, toast } from "../ui/parts";
import { useWords } from "../words";

export function LinkPage() {
  const { t } = useWords();
  const [, navigate] = useLocation();
  const [token] = useState(() => location.hash.slice(1));
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState("");
  const go = async (): Promise<void> => {
    try {
      await post("/links", { token, password });
      toast(t("link.done"));
      navigate("/", { replace: true });
    } catch (error) { setWrong(error instanceof Refused ? error.message : t("state.offline")); }
  };
  return (
    <main className="sign-in"><div className="panel">
      <h1>{t("link.title")}</h1><p className="quiet">{t("link.more")}</p>
      <form onSubmit={(event) => { event.preventDefault(); void go(); }}>
        <TextField label={t("sign_in.password")} type="password" autoComplete="new-password" required value={password} help={t("setup.password_help")} onChange={setPassword} />
        {wrong && <p role="alert" style={{ color: "var(--bad)" }}>{wrong}</p>}
        <button type="submit" className="button primary">{t("link.go")}</button>
      </form>
    </div></main>
  );
}
