/** The browser as a telephone. The SIP part is loaded only when the phone is turned on. */

import { Mic, Phone as PhoneIcon, PhoneCall, PhoneOff } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { post, Refused } from "../api/client";
import { useDraft } from "../editor/draft";
import type { BrowserPhone, PhoneState } from "../phone/browser-phone";
import { Loading, SelectField } from "../ui/parts";
import { destination } from "../plan/sentence";
import { useWords } from "../words";

interface Account { username: string; password: string; domain?: string; url?: string }

export function PhonePage({ company }: { company: string }) {
  const { t } = useWords();
  const { state } = useDraft();
  const [user, setUser] = useState("");
  const [number, setNumber] = useState("");
  const [now, setNow] = useState<PhoneState>({ is: "off" });
  const [wrong, setWrong] = useState("");
  const phone = useRef<BrowserPhone | null>(null);
  const sound = useRef<HTMLAudioElement>(null);
  useEffect(() => () => { phone.current?.stop(); }, []);
  if (!state) return <Loading />;
  const plan = state.history.now.plan;
  const users = plan.users ?? [];
  const chosen = user || users[0]?.number || "";
  const turnOn = async (): Promise<void> => {
    setWrong("");
    if (!navigator.mediaDevices) { setWrong(t("phone.no_microphone")); return; }
    setNow({ is: "connecting" });
    try {
      const account = await post<Account>(`/companies/${company}/browser-phones`, { user: chosen });
      const { BrowserPhone } = await import("../phone/browser-phone");
      phone.current = new BrowserPhone({ url: account.url ?? `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/sip`, domain: account.domain ?? location.hostname, username: account.username, password: account.password, name: users.find((one) => one.number === chosen)?.name ?? chosen }, setNow, (stream) => { if (sound.current) { sound.current.srcObject = stream; void sound.current.play(); } });
      phone.current.start();
    } catch (error) {
      setNow({ is: "off" });
      setWrong(t("phone.failed", { reason: error instanceof Refused ? error.message : t("state.offline") }));
    }
  };
  const who = "number" in now ? (destination(plan, now.number)?.name ?? now.number) : "";
  const words = { off: t("phone.off"), connecting: t("phone.connecting"), ready: t("phone.ready"), calling: t("phone.calling", { number: who }), ringing: t("phone.rings", { number: who }), talking: t("phone.in_call", { number: who }) }[now.is];
  const press = (key: string): void => { if (now.is === "talking") phone.current?.press(key); else setNumber((text) => text + key); };
  return (
    <main className="main" id="content">
      <header className="top"><h1>{t("phone.title")}</h1></header>
      <div className="scroll"><div className="page"><section className="panel browser-phone">
        <p role="status" className="row"><i className={`dot ${now.is === "off" ? "off" : now.is === "talking" ? "busy" : now.is === "ready" ? "free" : "ringing"}`} aria-hidden /><b>{words}</b></p>
        {wrong && <p role="alert" style={{ color: "var(--bad)" }}>{wrong}</p>}
        {"failed" in now && now.failed && <p role="alert" style={{ color: "var(--bad)" }}>{t("phone.failed", { reason: now.failed })}</p>}
        <audio ref={sound} hidden />
        {now.is === "off" ? <>
          <SelectField label={t("phone.as")} value={chosen} options={users.map((one) => [one.number, `${one.name} · ${one.number}`] as const)} onChange={setUser} />
          <button type="button" className="button primary" disabled={!chosen} onClick={() => void turnOn()}><Mic size={16} aria-hidden />{t("phone.connect")}</button>
        </> : <>
          <form className="row" onSubmit={(event) => { event.preventDefault(); if (number) phone.current?.call(number.replace(/[\s()-]/g, "")); }}>
            <input className="input grow" style={{ fontSize: 18, height: 44 }} inputMode="tel" aria-label={t("phone.number")} placeholder={t("phone.number")} value={number} onChange={(event) => setNumber(event.target.value)} />
            {now.is === "ready" && <button type="submit" className="button primary" style={{ height: 44 }}><PhoneCall size={17} aria-hidden />{t("phone.call")}</button>}
          </form>
          <div className="keypad">{["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"].map((key) => <button key={key} type="button" className="known" onClick={() => press(key)}>{key}</button>)}</div>
          <div className="row">
            {now.is === "ringing" && <button type="button" className="button primary grow" onClick={() => phone.current?.answer()}><PhoneIcon size={16} aria-hidden />{t("phone.answer")}</button>}
            {["calling", "ringing", "talking"].includes(now.is) && <button type="button" className="button danger grow" onClick={() => phone.current?.hangUp()}><PhoneOff size={16} aria-hidden />{t("phone.hang_up")}</button>}
          </div>
          <button type="button" className="button bare" onClick={() => { phone.current?.stop(); phone.current = null; setNow({ is: "off" }); }}>{t("phone.disconnect")}</button>
        </>}
      </section></div></div>
    </main>
  );
}
