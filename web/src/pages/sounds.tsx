/** The company's sounds: what there is, where it is played, and what the plan names that is not there. */

import { useQueryClient } from "@tanstack/react-query";
import { Pencil, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAccess } from "../access";
import { Refused, send } from "../api/client";
import { AddSound, soundUrl, useSounds } from "../editor/sounds";
import { Empty, Loading, toast } from "../ui/parts";
import { day, minutes, useWords } from "../words";

export function SoundsList({ company }: { company: string }) {
  const { t, language } = useWords();
  const queries = useQueryClient();
  const found = useSounds(company);
  const { may } = useAccess();
  const [playing, setPlaying] = useState("");
  const [renaming, setRenaming] = useState<{ name: string; to: string } | null>(null);
  if (found.isPending) return <Loading />;
  const told = async (work: Promise<unknown>): Promise<void> => {
    try { await work; await queries.invalidateQueries({ queryKey: ["prompts", company] }); setRenaming(null); }
    catch (error) { toast(error instanceof Refused ? (error.problem.type === "/problems/in-use" ? t("sounds.in_use", { places: error.problem.problems?.length ?? 1 }) : error.problem.type === "/problems/taken" ? t("sounds.taken") : error.message) : t("state.offline")); }
  };
  const items = found.data?.items ?? [];
  const path = (name: string): string => `/companies/${company}/prompts/${encodeURIComponent(name)}`;
  return (
    <section className="panel" style={{ maxWidth: 860 }}>
      <header style={{ flexWrap: "wrap" }}><h2 className="grow">{t("settings.prompts")}</h2>{may("edit") && <AddSound company={company} />}</header>
      <p className="inside quiet">{t("sounds.help")}</p>
      {found.data?.missing.map((name) => <p key={name} className="inside"><span className="badge warn" style={{ whiteSpace: "normal" }}>{name}: {t("sounds.missing")}</span></p>)}
      {items.length === 0 && <Empty title={t("sounds.none")} {...(found.error instanceof Refused ? { more: found.error.message } : {})} />}
      <ul>{items.map((sound) => (
        <li key={sound.name} className="message" style={{ flexWrap: "wrap" }}>
          <button type="button" className="icon-button" aria-label={`${t("action.listen")}: ${sound.name}`} onClick={() => setPlaying(playing === sound.name ? "" : sound.name)}><Play size={16} /></button>
          {renaming?.name === sound.name
            ? <form className="row grow" onSubmit={(event) => { event.preventDefault(); void told(send("PUT", path(sound.name), { name: renaming.to.replace(/(\.wav)?$/, ".wav") })); }}><input className="input grow" autoFocus required pattern="[A-Za-z0-9_][A-Za-z0-9_ .\-]*" aria-label={t("form.name")} value={renaming.to} onChange={(event) => setRenaming({ ...renaming, to: event.target.value })} onKeyDown={(event) => { if (event.key === "Escape") setRenaming(null); }} /><button type="submit" className="button small">{t("sounds.rename")}</button></form>
            : <span className="grow"><b style={{ overflowWrap: "anywhere" }}>{sound.name}</b><br /><span className="quiet">{minutes(sound.seconds)} · {sound.author} · {day(sound.at, language)}</span></span>}
          {sound.used_in.length > 0 && <span className="badge good">{t("sounds.used", { count: sound.used_in.length })}</span>}
          {may("edit") && <><button type="button" className="icon-button" aria-label={`${t("sounds.rename")}: ${sound.name}`} onClick={() => setRenaming({ name: sound.name, to: sound.name })}><Pencil size={15} /></button>
          <button type="button" className="icon-button" aria-label={`${t("action.delete")} ${sound.name}`} onClick={() => void told(send("DELETE", path(sound.name)))}><Trash2 size={15} /></button></>}
          {playing === sound.name && <audio controls autoPlay src={soundUrl(company, sound.name)} style={{ width: "100%", maxWidth: "none" }} />}
        </li>))}</ul>
    </section>
  );
}
