/** Voicemail: the boxes that one may listen to, with their messages. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { get, listed, type Page, Refused, send } from "../api/client";
import { useBoxes } from "../api/queries";
import { shown } from "../plan/number";
import { useDraft } from "../editor/draft";
import { Empty, Loading, toast } from "../ui/parts";
import { clock, day, minutes, useWords } from "../words";

interface Message { id: string; at: string; caller_number: string; caller_name: string; seconds: number; heard: boolean }

export function VoicemailPage({ company }: { company: string }) {
  const { t } = useWords();
  const boxes = useBoxes(company);
  return (
    <main className="main" id="content">
      <header className="top"><h1>{t("voicemail.title")}</h1></header>
      <div className="scroll"><div className="page stack" style={{ maxWidth: 860 }}>
        {boxes.isPending ? <Loading /> : !boxes.data?.length ? <Empty title={t("voicemail.none")} more={t("voicemail.none_more")} />
          : boxes.data.map((box) => <Messages key={box.number} company={company} box={box.number} title={`${box.name} · ${box.number}`} fresh={box.new} />)}
      </div></div>
    </main>
  );
}

export function Messages({ company, box, title, fresh = 0 }: { company: string; box: string; title?: string; fresh?: number }) {
  const { t, language } = useWords();
  const { state } = useDraft();
  const queries = useQueryClient();
  const [playing, setPlaying] = useState("");
  const found = useQuery({ queryKey: ["voicemail", company, box], queryFn: async () => listed(await get<Page<Message>>(`/companies/${company}/voicemail/${box}`)), enabled: !!box, retry: false, refetchInterval: 20_000 });
  const country = state?.history.now.plan.company.country;
  if (found.isError && !title) return null; // a box of somebody else, or one that is not published yet
  const told = async (work: Promise<unknown>): Promise<void> => { try { await work; await queries.invalidateQueries({ queryKey: ["voicemail", company] }); } catch (error) { toast(error instanceof Refused ? error.message : t("state.offline")); } };
  const at = (message: Message): string => `/companies/${company}/voicemail/${box}/${message.id}`;
  const listen = (message: Message): void => {
    setPlaying(playing === message.id ? "" : message.id);
    if (!message.heard) void told(send("PUT", at(message), { heard: true }));
  };
  const remove = (message: Message): void => { if (confirm(t("voicemail.sure"))) void told(send("DELETE", at(message))); };
  return (
    <section className="panel">
      <header><h2 className="grow">{title ?? t("people.messages")}</h2>{fresh > 0 && <span className="badge accent">{t("voicemail.new", { count: fresh })}</span>}</header>
      {!found.data?.length && <p className="inside quiet">{t("people.no_messages")}</p>}
      <ul>{found.data?.map((message) => {
        const who = message.caller_name || (message.caller_number ? shown(message.caller_number, country) : t("calls.withheld"));
        return (
          <li key={message.id} className="message" style={{ flexWrap: "wrap" }}>
            <button type="button" className="icon-button" aria-label={`${t("action.listen")}: ${who}`} onClick={() => listen(message)}><Play size={16} /></button>
            <span className="grow">{message.heard ? who : <b>{who}</b>} {message.caller_name && message.caller_number && <span className="quiet">{shown(message.caller_number, country)}</span>}<br /><span className="quiet">{day(message.at, language)}, {clock(message.at, language)}</span></span>
            {!message.heard && <span className="badge accent">{t("voicemail.unheard")}</span>}
            <span className="quiet">{minutes(message.seconds)}</span>
            <button type="button" className="icon-button" aria-label={`${t("action.delete")}: ${who}`} onClick={() => remove(message)}><Trash2 size={15} /></button>
            {playing === message.id && <audio controls autoPlay src={`/api/v1${at(message)}.mp3`} style={{ width: "100%", maxWidth: "none" }} />}
          </li>); })}</ul>
    </section>
  );
}
