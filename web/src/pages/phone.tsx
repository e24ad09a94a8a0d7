/** The browser as a telephone: on and off, a number, keys, answer. */

import { Mic, Phone as PhoneIcon, PhoneCall, PhoneOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useAccess } from "../access";
import { post, Refused } from "../api/client";
import { useDraft } from "../editor/draft";
import type { PhoneState } from "../phone/browser-phone";
import { answer, call, hangUp, press, turnOff, turnOn, useTelephone } from "../phone/telephone";
import { destination } from "../plan/sentence";
import type { Plan } from "../plan/types";
import { Empty, Loading, SelectField, TextField, toast } from "../ui/parts";
import { minutes, useWords } from "../words";
import { Desk } from "./desk";

const OUTSIDE = "outside";
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export function whoIs(plan: Plan | undefined, now: PhoneState): string {
  if (!("number" in now)) return "";
  const number = now.number;
  // Dialled as people do at home, and written in the plan with the country in front.
  const national = number.replace(/^(\+|00?)/, "");
  const outside = national.length > 6 ? plan?.dial_plans?.find((one) => one.external_numbers?.some((own) => own.replace(/\D/g, "").endsWith(national))) : undefined;
  return (plan && destination(plan, number)?.name) || outside?.name || plan?.phone_book?.find((one) => one.number === number)?.name || number;
}

export function PhonePage({ company }: { company: string }) {
  const { t } = useWords();
  const { state } = useDraft();
  const { now, refused } = useTelephone();
  const { may, extension } = useAccess();
  const [as, setAs] = useState("");
  const [caller, setCaller] = useState("");
  const [number, setNumber] = useState("");
  if (!state) return <Loading />;
  const plan = state.history.now.plan;
  const users = plan.users ?? [];
  const agent = !may("edit"); // has their own telephone only
  const chosen = agent ? extension : as || (users.some((one) => one.number === extension) ? extension : users[0]?.number) || OUTSIDE;
  const who = whoIs(plan, now);
  if (agent && !extension) return <main className="main" id="content"><header className="top"><h1>{t("phone.title")}</h1></header><Empty title={t("phone.nobody")} more={t("phone.nobody_more")} /></main>;
  const tap = (key: string): void => { if (now.is === "talking") press(key); else setNumber((text) => text + key); };
  return (
    <main className="main" id="content">
      <header className="top"><h1>{t(extension ? "phone.own" : "phone.title")}</h1>{extension && <span className="badge">{extension}</span>}</header>
      <div className="scroll"><div className={`page${extension ? " desk" : ""}`}><section className="panel browser-phone">
        <p role="status" className="row"><i className={`dot ${DOTS[now.is]}`} aria-hidden /><b>{t(WORDS[now.is], { number: who })}</b>{now.is === "talking" && <Lasting since={now.since} />}</p>
        {refused && <p role="alert" className="wrong">{t("phone.refused", { reason: refused })}</p>}
        {"trouble" in now && now.trouble && <p role="alert" className="wrong">{t(`phone.trouble_${now.trouble}`)}</p>}
        {now.is === "off" ? <>
          {!agent && <SelectField label={t("phone.as")} value={chosen} options={[...users.map((one) => [one.number, `${one.name} · ${one.number}`] as const), [OUTSIDE, t("phone.outside")] as const]} onChange={setAs} />}
          {chosen === OUTSIDE && <TextField label={t("phone.caller")} value={caller} placeholder="+31201234567" inputMode="tel" onChange={setCaller} />}
          <button type="button" className="button primary" onClick={() => void turnOn(company, chosen === OUTSIDE ? { caller: caller.replace(/[\s()-]/g, "") || "+31201234567" } : { user: chosen })}><Mic size={16} aria-hidden />{t("phone.connect")}</button>
          <p className="quiet">{t("phone.more")}</p>
        </> : <>
          <form className="row" onSubmit={(event) => { event.preventDefault(); if (number && now.is === "ready") call(number); }}>
            <input className="input grow dial" inputMode="tel" autoComplete="off" aria-label={t("phone.number")} placeholder={t("phone.number")} value={number} onChange={(event) => setNumber(event.target.value)} />
            {now.is === "ready" && <button type="submit" className="button primary tall"><PhoneCall size={17} aria-hidden />{t("phone.call")}</button>}
          </form>
          <div className="keypad">{KEYS.map((key) => <button key={key} type="button" onClick={() => tap(key)}>{key}</button>)}</div>
          <div className="row">
            {now.is === "ringing" && <button type="button" className="button primary grow tall" onClick={answer}><PhoneIcon size={16} aria-hidden />{t("phone.answer")}</button>}
            {["calling", "ringing", "talking"].includes(now.is) && <button type="button" className="button danger grow tall" onClick={hangUp}><PhoneOff size={16} aria-hidden />{t("phone.hang_up")}</button>}
          </div>
          <button type="button" className="button bare" onClick={turnOff}>{t("phone.disconnect")}</button>
        </>}
      </section>{extension && <Desk company={company} />}</div></div>
    </main>
  );
}

const WORDS = { off: "phone.off", connecting: "phone.connecting", ready: "phone.ready", calling: "phone.calling", ringing: "phone.rings", talking: "phone.in_call" } as const;
const DOTS = { off: "off", connecting: "off", ready: "free", calling: "ringing", ringing: "ringing", talking: "busy" };

function Lasting({ since }: { since: number }) {
  const [, tick] = useState(0);
  useEffect(() => { const timer = setInterval(() => tick((n) => n + 1), 1000); return () => clearInterval(timer); }, []);
  return <span className="quiet">{minutes((Date.now() - since) / 1000)}</span>;
}

/** Call a number: in this browser where its telephone is on; else one's own telephone rings, and calls it when one answers. */
export function CallButton({ company, number, name }: { company: string; number: string; name: string }) {
  const { t } = useWords();
  const { may, extension } = useAccess();
  const { now } = useTelephone();
  if (!may("operate") || (!extension && now.is === "off")) return null;
  const dial = async (): Promise<void> => {
    if (now.is === "ready") { call(number); return; }
    try {
      await post(`/companies/${company}/calls`, { user: extension, number });
      toast(t("phone.pick_up", { name }));
    } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); }
  };
  return <button type="button" className="icon-button" aria-label={t("phone.call_who", { name })} title={t("phone.call_who", { name })} disabled={now.is !== "ready" && now.is !== "off"} onClick={() => void dial()}><PhoneCall size={16} aria-hidden /></button>;
}

/** A call for this browser, on whichever page somebody is. */
export function Ringing() {
  const { t } = useWords();
  const { state } = useDraft();
  const { now } = useTelephone();
  if (now.is !== "ringing") return null;
  return (
    <div className="banner calling" role="alert">
      <PhoneCall size={18} aria-hidden /><b className="grow">{t("phone.rings", { number: whoIs(state?.history.now.plan, now) })}</b>
      <button type="button" className="button primary small" onClick={answer}>{t("phone.answer")}</button>
      <button type="button" className="button small" onClick={hangUp}>{t("phone.hang_up")}</button>
    </div>
  );
}
