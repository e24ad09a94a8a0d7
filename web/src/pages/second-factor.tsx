/** One's own second factor: set up with an authenticator app, or switched off; recovery codes for when the app is lost. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import qrcode from "qrcode-generator";
import { useMemo, useState } from "react";
import { get, post, Refused, send } from "../api/client";
import type { Session } from "../api/types";
import { Dialog, TextField, toast } from "../ui/parts";
import { useWords } from "../words";

interface Proposed { secret: string; uri: string }
interface Codes { codes: string[] }

export function SecondFactor({ session }: { session: Session }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const on = session.user.second_factor === true;
  const [proposed, setProposed] = useState<Proposed>();
  const [leaving, setLeaving] = useState(false);
  const [renewing, setRenewing] = useState(false);
  const [codes, setCodes] = useState<string[]>();
  const state = useQuery({ queryKey: ["second-factor", on], queryFn: () => get<{ recovery_codes: number }>("/account/second-factor"), enabled: on });
  const done = (words: string): void => {
    setProposed(undefined);
    setLeaving(false);
    setRenewing(false);
    void queries.invalidateQueries({ queryKey: ["second-factor"] });
    toast(words);
    void queries.invalidateQueries({ queryKey: ["session"] });
  };
  const begin = (): void => void post<Proposed>("/account/second-factor").then(setProposed).catch(() => toast(t("state.offline")));
  return (
    <section className="panel"><header><h2>{t("factor.title")}</h2></header>
      <div className="inside row" style={{ flexWrap: "wrap" }}>
        <span className="grow">{on ? t("factor.on") : t("factor.off")}<br /><span className="quiet">{on && state.data ? t("factor.codes_left", { count: state.data.recovery_codes }) : t("factor.help")}</span></span>
        {on && <button type="button" className="button" onClick={() => setRenewing(true)}>{t("factor.new_codes")}</button>}
        {on ? <button type="button" className="button" onClick={() => setLeaving(true)}>{t("factor.remove")}</button> : <button type="button" className="button" onClick={begin}>{t("factor.set")}</button>}
      </div>
      {proposed && <Setting proposed={proposed} onClose={() => setProposed(undefined)} onDone={(found) => { done(t("factor.is_on")); setCodes((found as Codes).codes); }} />}
      {leaving && <Once title={t("factor.remove")} method="DELETE" path="/account/second-factor" onClose={() => setLeaving(false)} onDone={() => done(t("factor.is_off"))} />}
      {renewing && <Once title={t("factor.new_codes")} method="POST" path="/account/recovery-codes" onClose={() => setRenewing(false)} onDone={(found) => { done(t("factor.codes_made")); setCodes((found as Codes).codes); }} />}
      {codes && (
        <Dialog title={t("factor.codes")} more={t("factor.codes_more")} onClose={() => setCodes(undefined)}>
          <ul className="stack" style={{ columns: 2, listStyle: "none", padding: 0 }}>{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ul>
          <button type="button" className="button primary" onClick={() => setCodes(undefined)}>{t("factor.codes_kept")}</button>
        </Dialog>
      )}
    </section>
  );
}

function Setting({ proposed, onClose, onDone }: { proposed: Proposed; onClose: () => void; onDone: (found: unknown) => void }) {
  const { t } = useWords();
  const [code, setCode] = useState("");
  const [password, setPassword] = useState("");
  const { wrong, sending, go } = useSend("/account/second-factor", onDone);
  const picture = useMemo(() => { const qr = qrcode(0, "M"); qr.addData(proposed.uri); qr.make(); return qr.createDataURL(5, 8); }, [proposed.uri]);
  return (
    <Dialog title={t("factor.set")} more={t("factor.scan")} onClose={onClose}>
      <form className="form" onSubmit={(event) => { event.preventDefault(); go("PUT", { secret: proposed.secret, code, password }); }}>
        <img src={picture} alt={t("factor.picture")} width={220} height={220} style={{ alignSelf: "center", background: "#fff", borderRadius: 8, imageRendering: "pixelated" }} />
        <p className="quiet">{t("factor.by_hand")} <code style={{ overflowWrap: "anywhere" }}>{proposed.secret}</code></p>
        <TextField label={t("sign_in.code")} autoComplete="one-time-code" inputMode="numeric" required maxLength={6} value={code} onChange={setCode} wrong={wrong === "code" ? t("factor.wrong_code") : undefined} />
        <TextField label={t("sign_in.password")} type="password" autoComplete="current-password" required value={password} onChange={setPassword} wrong={wrong === "credentials" ? t("factor.wrong_password") : undefined} />
        {wrong === "other" && <p role="alert" style={{ color: "var(--bad)" }}>{t("state.failed")}</p>}
        <p className="quiet">{t("factor.lost")}</p>
        <button type="submit" className="button primary" disabled={sending}>{t("factor.confirm")}</button>
      </form>
    </Dialog>
  );
}

/** Something that asks for the password once more. */
function Once({ title, method, path, onClose, onDone }: { title: string; method: string; path: string; onClose: () => void; onDone: (found: unknown) => void }) {
  const { t } = useWords();
  const [password, setPassword] = useState("");
  const { wrong, sending, go } = useSend(path, onDone);
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="form" onSubmit={(event) => { event.preventDefault(); go(method, { password }); }}>
        <TextField label={t("sign_in.password")} type="password" autoComplete="current-password" required value={password} onChange={setPassword} wrong={wrong === "credentials" ? t("factor.wrong_password") : undefined} />
        {wrong && wrong !== "credentials" && <p role="alert" style={{ color: "var(--bad)" }}>{t("state.failed")}</p>}
        <button type="submit" className="button primary" disabled={sending}>{title}</button>
      </form>
    </Dialog>
  );
}

function useSend(path: string, onDone: (found: unknown) => void) {
  const [wrong, setWrong] = useState("");
  const [sending, setSending] = useState(false);
  const go = (method: string, body: object): void => {
    setSending(true);
    setWrong("");
    send<unknown>(method, path, body).then(onDone).catch((error: unknown) => {
      setSending(false);
      const kind = error instanceof Refused ? (error.problem.type ?? "").split("/").pop() : "";
      setWrong(kind === "code" || kind === "invalid" ? "code" : kind === "credentials" ? "credentials" : "other");
    });
  };
  return { wrong, sending, go };
}
