/** A company's sounds: chosen, uploaded, recorded with the microphone, listened to. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Mic, Play, Square, Upload } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { get, Refused, type ApiProblem, csrfToken } from "../api/client";
import { Field, toast } from "../ui/parts";
import { minutes, useWords } from "../words";

export interface Sound { name: string; seconds: number; size: number; author: string; at: string; used_in: string[] }
export interface Sounds { items: Sound[]; missing: string[] }

export function useSounds(company: string) {
  return useQuery({ queryKey: ["prompts", company], queryFn: () => get<Sounds>(`/companies/${company}/prompts`), retry: false });
}

export const soundUrl = (company: string, name: string): string => `/api/v1/companies/${company}/prompts/${encodeURIComponent(name)}`;

/** `fetch` does not tell how far an upload is. */
function upload(company: string, name: string, sound: Blob, onPart: (part: number) => void): Promise<Sound> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/companies/${company}/prompts?name=${encodeURIComponent(name)}`);
    request.setRequestHeader("X-CSRF-Token", csrfToken());
    request.setRequestHeader("Content-Type", sound.type || "application/octet-stream");
    request.upload.onprogress = (event) => { if (event.lengthComputable) onPart(event.loaded / event.total); };
    request.onerror = () => reject(new Error("offline"));
    request.onload = () => {
      let said: unknown;
      try { said = JSON.parse(request.responseText); } catch { said = {}; }
      if (request.status === 201) resolve(said as Sound);
      else reject(new Refused({ ...(said as ApiProblem), status: request.status }));
    };
    request.send(sound);
  });
}

/** Two buttons: a file, and the microphone. `onDone` gets the name that the sound has then. */
export function AddSound({ company, onDone }: { company: string; onDone?: (name: string) => void }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const file = useRef<HTMLInputElement>(null);
  const recorder = useRef<MediaRecorder | null>(null);
  const [part, setPart] = useState<number | null>(null);
  const [since, setSince] = useState(0);
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!since) return;
    const timer = setInterval(() => setSeconds((Date.now() - since) / 1000), 250);
    return () => clearInterval(timer);
  }, [since]);
  useEffect(() => () => recorder.current?.stream.getTracks().forEach((track) => track.stop()), []);
  const take = async (sound: Blob, name: string): Promise<void> => {
    setPart(0);
    try {
      const made = await upload(company, name, sound, setPart);
      await queries.invalidateQueries({ queryKey: ["prompts", company] });
      onDone?.(made.name);
    } catch (error) { toast(error instanceof Refused ? (error.problem.type === "/problems/taken" ? t("sounds.taken") : error.problem.type === "/problems/sound" ? `${t("sounds.unreadable")} ${error.message}` : error.message) : t("state.offline")); }
    setPart(null);
  };
  const record = async (): Promise<void> => {
    if (recorder.current) { recorder.current.stop(); return; }
    let stream: MediaStream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch { toast(t("sounds.no_microphone")); return; }
    const recording = new MediaRecorder(stream);
    const parts: Blob[] = [];
    recording.ondataavailable = (event) => parts.push(event.data);
    recording.onstop = () => {
      stream.getTracks().forEach((track) => track.stop());
      recorder.current = null;
      setSince(0);
      const now = new Date();
      void take(new Blob(parts, { type: recording.mimeType.split(";")[0] ?? "" }), `${t("sounds.recording")} ${now.toISOString().slice(0, 10)} ${now.toTimeString().slice(0, 8).replaceAll(":", "-")}`);
    };
    recorder.current = recording;
    recording.start();
    setSeconds(0);
    setSince(Date.now());
  };
  return (
    <span className="row" style={{ gap: 8, flexWrap: "wrap" }}>
      <input ref={file} type="file" accept="audio/*,.wav,.mp3,.ogg" hidden aria-label={t("settings.upload")} onChange={(event) => { const chosen = event.target.files?.[0]; if (chosen) void take(chosen, chosen.name); event.target.value = ""; }} />
      {part !== null ? <progress value={part} aria-label={t("sounds.uploading")} /> : <button type="button" className="button small" disabled={!!since} onClick={() => file.current?.click()}><Upload size={15} aria-hidden />{t("settings.upload")}</button>}
      {"MediaRecorder" in window && part === null && <button type="button" className="button small" aria-pressed={!!since} onClick={() => void record()}>{since ? <Square size={14} aria-hidden /> : <Mic size={15} aria-hidden />}{since ? `${t("sounds.stop")} ${minutes(seconds)}` : t("sounds.record")}</button>}
    </span>
  );
}

/** Chooses one of the company's sounds; a name that is not there stays, and is marked. */
export function SoundPicker({ label, company, value, onChange, wrong }: { label: string; company: string; value: string; onChange: (name: string) => void; wrong?: string | undefined }) {
  const { t } = useWords();
  const found = useSounds(company);
  const [playing, setPlaying] = useState(false);
  useEffect(() => setPlaying(false), [value]);
  const items = found.data?.items ?? [];
  const there = items.some(({ name }) => name === value);
  return (
    <>
      <Field label={label} wrong={wrong ?? (value && found.data && found.data.missing.includes(value) ? t("sounds.missing") : undefined)}>
        {(ids) => (
          <select {...ids} className="select" value={value} onChange={(event) => onChange(event.target.value)}>
            {!there && <option value={value}>{value || t("form.choose")}</option>}
            {items.map((sound) => <option key={sound.name} value={sound.name}>{sound.name} ({minutes(sound.seconds)})</option>)}
          </select>
        )}
      </Field>
      <div className="row" style={{ gap: 8, flexWrap: "wrap" }}>
        {there && <button type="button" className="button small" onClick={() => setPlaying(!playing)}><Play size={14} aria-hidden />{t("action.listen")}</button>}
        <AddSound company={company} onDone={onChange} />
      </div>
      {playing && there && <audio controls autoPlay src={soundUrl(company, value)} style={{ width: "100%" }} />}
    </>
  );
}
