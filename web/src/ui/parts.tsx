/** The small parts that every page is made of. */

import { type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import {
  CalendarClock, CassetteTape, CornerDownRight, Grip, Hash, History, Hourglass, Mail, PhoneForwarded, PhoneOff, Split, Tag, ToggleRight, UsersRound, Variable, Voicemail, Volume2, Webhook, X, type LucideIcon,
} from "lucide-react";
import type { Part } from "../plan/sentence";
import type { Kind } from "../plan/types";
import { useWords } from "../words";

const ICONS: Record<string, LucideIcon> = {
  webhook: Webhook, same_colleague: History, condition: Split, switch: Split, time: CalendarClock, diversion: ToggleRight, menu: Grip,
  connect: PhoneForwarded, ring_group: UsersRound, queue: Hourglass, announce: Volume2, voicemail: Voicemail, email: Mail, prefix: Tag, goto: CornerDownRight,
  hangup: PhoneOff, set: Variable, collect: Hash, record: CassetteTape,
};
const KINDS: Record<string, Kind> = {
  webhook: "ask", same_colleague: "ask", set: "ask", collect: "ask", condition: "decide", switch: "decide", time: "decide", diversion: "decide", menu: "decide",
  connect: "ring", ring_group: "ring", queue: "ring", announce: "play", voicemail: "play", email: "play", prefix: "play", record: "play", goto: "move", hangup: "move",
};
/** Its colour and its place in the palette; what the page does not know, the server says. */
export const kindOf = (app: string, otherwise: Kind = "move"): Kind => KINDS[app] ?? otherwise;

export function AppIcon({ app, size = 18 }: { app: string; size?: number }) {
  const Icon = ICONS[app] ?? CornerDownRight;
  return <Icon size={size} strokeWidth={1.75} aria-hidden />;
}

export function Tile({ app, small = false }: { app: string; small?: boolean }) {
  return <span className={`tile ${kindOf(app)}${small ? " small" : ""}`} aria-hidden><AppIcon app={app} size={small ? 14 : 18} /></span>;
}

export function Parts({ parts, wrong }: { parts: Part[]; wrong?: ReadonlySet<string> }) {
  return (
    <>
      {parts.map((part, index) => {
        if (part.as === "variable") return <span key={index} className={`variable${wrong?.has(part.text) ? " wrong" : ""}`}>{part.text}</span>;
        if (part.as === "code") return <code key={index}>{part.text}</code>;
        if (part.as === "strong") return <b key={index}>{part.text}</b>;
        return <span key={index}>{part.text}</span>;
      })}
    </>
  );
}

export function Dialog({ title, more, onClose, children, footer }: { title: string; more?: string; onClose: () => void; children: ReactNode; footer?: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  const { t } = useWords();
  const id = useId();
  useEffect(() => { ref.current?.showModal(); }, []);
  return (
    <dialog ref={ref} className="dialog" aria-labelledby={id} onClose={onClose} onClick={(event) => { if (event.target === ref.current) onClose(); }}>
      <header>
        <div className="grow"><h1 id={id}>{title}</h1>{more && <p className="quiet">{more}</p>}</div>
        <button type="button" className="icon-button" aria-label={t("action.close")} onClick={onClose}><X size={18} /></button>
      </header>
      <div className="body">{children}</div>
      {footer && <footer>{footer}</footer>}
    </dialog>
  );
}

/** A button that opens a list of things to do. The browser closes it by Esc and by a click elsewhere. */
export function Menu({ label, button, children, className = "icon-button", align = "right" }: { label: string; button: ReactNode; children: (close: () => void) => ReactNode; className?: string; align?: "left" | "right" }) {
  const [open, setOpen] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = list.current;
    const from = trigger.current?.getBoundingClientRect();
    if (!open || !element || !from) return;
    element.showPopover();
    const size = element.getBoundingClientRect();
    const left = align === "right" ? from.right - size.width : from.left;
    element.style.left = `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`;
    element.style.top = `${from.bottom + size.height + 8 > innerHeight && from.top > size.height + 8 ? from.top - size.height - 4 : from.bottom + 4}px`;
    element.querySelector<HTMLElement>("button, a, input")?.focus();
  }, [open, align]);
  const close = (): void => { setOpen(false); trigger.current?.focus(); };
  const arrows = (event: React.KeyboardEvent): void => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const all = [...list.current!.querySelectorAll<HTMLElement>("button, a")];
    const now = all.indexOf(document.activeElement as HTMLElement);
    all[(now + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
  };
  return (
    <>
      <button ref={trigger} type="button" className={className} aria-label={label} aria-haspopup="true" aria-expanded={open} tabIndex={className.includes("card-menu") ? -1 : 0} onClick={(event) => { event.stopPropagation(); setOpen(!open); }}>{button}</button>
      {open && (
        <div ref={list} className="menu" popover="auto" onToggle={(event) => { if ((event.nativeEvent as ToggleEvent).newState === "closed") setOpen(false); }} onKeyDown={(event) => { event.stopPropagation(); arrows(event); }} onClick={(event) => event.stopPropagation()}>
          {children(close)}
        </div>
      )}
    </>
  );
}

export function Segments<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: readonly (readonly [T, string])[]; onChange: (value: T) => void }) {
  const group = useRef<HTMLDivElement>(null);
  const step = (event: React.KeyboardEvent): void => {
    const by = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const now = options.findIndex(([name]) => name === value);
    const next = (now + by + options.length) % options.length;
    onChange(options[next]![0]);
    group.current?.querySelectorAll<HTMLElement>("button")[next]?.focus();
  };
  return (
    <div className="segments" role="radiogroup" aria-label={label} ref={group} onKeyDown={step}>
      {options.map(([name, words], index) => (
        <button key={name} type="button" role="radio" aria-checked={value === name} tabIndex={value === name || (index === 0 && !options.some(([n]) => n === value)) ? 0 : -1} onClick={() => onChange(name)}>{words}</button>
      ))}
    </div>
  );
}

export function Switch({ on, label, onChange, disabled = false }: { on: boolean; label: string; onChange: (on: boolean) => void; disabled?: boolean }) {
  return <button type="button" className="switch" disabled={disabled} role="switch" aria-checked={on} aria-label={label} onClick={() => onChange(!on)} />;
}

/** A label above, help below, and what is wrong. */
export function Field({ label, help, wrong, children, after }: { label: string; help?: ReactNode; wrong?: string | undefined; children: (ids: { id: string; "aria-describedby"?: string; "aria-invalid"?: boolean }) => ReactNode; after?: ReactNode }) {
  const id = useId();
  const described = help || wrong ? `${id}-help` : undefined;
  return (
    <div className="field">
      <div className="row"><label className="label grow" htmlFor={id}>{label}</label>{after}</div>
      {children({ id, ...(described ? { "aria-describedby": described } : {}), ...(wrong ? { "aria-invalid": true } : {}) })}
      {(help || wrong) && <div id={described}>{wrong && <p className="wrong">{wrong}</p>}{help && <div className="help">{help}</div>}</div>}
    </div>
  );
}

/** Text that is kept while one types, and given on at once. `onChange` gets "" when it is emptied. */
export function TextField({ label, value, onChange, help, wrong, mono, type = "text", lines, after, placeholder, autoComplete = "off", required, maxLength, inputMode }: {
  label: string; value: string; onChange: (value: string) => void; help?: ReactNode; wrong?: string | undefined; mono?: boolean; type?: string; lines?: number; after?: ReactNode; placeholder?: string; autoComplete?: string; required?: boolean; maxLength?: number; inputMode?: "tel" | "numeric" | undefined;
}) {
  return (
    <Field label={label} help={help} wrong={wrong} after={after}>
      {(ids) => lines
        ? <textarea {...ids} className={`textarea${mono ? " mono" : ""}`} rows={lines} value={value} placeholder={placeholder} maxLength={maxLength} onChange={(event) => onChange(event.target.value)} />
        : <input {...ids} className={`input${mono ? " mono" : ""}`} type={type} value={value} placeholder={placeholder} autoComplete={autoComplete} spellCheck={mono ? false : undefined} required={required} maxLength={maxLength} inputMode={inputMode} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

export function SelectField({ label, value, options, onChange, help, wrong }: { label: string; value: string; options: readonly (readonly [string, string])[]; onChange: (value: string) => void; help?: ReactNode; wrong?: string | undefined }) {
  return (
    <Field label={label} help={help} wrong={wrong}>
      {(ids) => (
        <select {...ids} className="select" value={value} onChange={(event) => onChange(event.target.value)}>
          {options.map(([name, words]) => <option key={name} value={name}>{words}</option>)}
        </select>
      )}
    </Field>
  );
}

export function CheckField({ label, value, onChange, help }: { label: string; value: boolean; onChange: (value: boolean) => void; help?: string }) {
  return <label className="check"><input type="checkbox" checked={value} onChange={(event) => onChange(event.target.checked)} /><span>{label}{help && <span className="help">{help}</span>}</span></label>;
}

/** A number with its unit in the field. An empty field gives undefined. */
export function NumberField({ label, value, onChange, unit = "", min, max, step = 1, help, placeholder, wrong }: {
  label: string; value: number | undefined; onChange: (value: number | undefined) => void; unit?: string; min?: number; max?: number; step?: number | "any"; help?: ReactNode; placeholder?: string; wrong?: string | undefined;
}) {
  return (
    <Field label={label} help={help} wrong={wrong}>
      {(ids) => (
        <span className="with-unit">
          <input {...ids} className="input" type="number" inputMode="decimal" value={value ?? ""} min={min} max={max} step={step} placeholder={placeholder} onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.valueAsNumber)} />
          {unit && <span className="unit" aria-hidden>{unit}</span>}
        </span>
      )}
    </Field>
  );
}

/** Words with commas. What is typed stays as typed until it says something else. */
export function ListField({ label, value, onChange, help, mono, wrong }: { label: string; value: string[]; onChange: (value: string[]) => void; help?: ReactNode; mono?: boolean; wrong?: string | undefined }) {
  const [typed, setTyped] = useState(value.join(", "));
  const split = (text: string): string[] => text.split(/[,;\n]/).map((word) => word.trim()).filter(Boolean);
  const now = value.join("\n");
  useEffect(() => { setTyped((text) => (split(text).join("\n") === now ? text : now.split("\n").filter(Boolean).join(", "))); }, [now]);
  return <TextField label={label} value={typed} mono={mono} help={help} wrong={wrong} onChange={(text) => { setTyped(text); onChange(split(text)); }} />;
}

export function Empty({ title, more, children }: { title: string; more?: string; children?: ReactNode }) {
  return <div className="empty"><h2>{title}</h2>{more && <p>{more}</p>}{children && <div className="row" style={{ justifyContent: "center", marginTop: 16 }}>{children}</div>}</div>;
}

/** Nothing for 200 ms, then shapes. */
export function Loading({ lines = 3 }: { lines?: number }) {
  const [late, setLate] = useState(false);
  const { t } = useWords();
  useEffect(() => { const timer = setTimeout(() => setLate(true), 200); return () => clearTimeout(timer); }, []);
  if (!late) return null;
  return <div className="page stack" role="progressbar" aria-busy="true" aria-label={t("state.loading")}>{Array.from({ length: lines }, (_, index) => <div key={index} className="skeleton" />)}</div>;
}

interface Toast { id: number; words: string; action?: { words: string; run: () => void } }
let toasts: Toast[] = [];
const hearing = new Set<() => void>();
const tell = (next: Toast[]): void => { toasts = next; hearing.forEach((listener) => listener()); };

/** Says it for eight seconds, with a way back. */
export function toast(words: string, action?: Toast["action"]): void {
  const id = Date.now() + Math.random();
  tell([...toasts.slice(-2), { id, words, ...(action ? { action } : {}) }]);
  setTimeout(() => tell(toasts.filter((entry) => entry.id !== id)), 8000);
}

export function Toasts() {
  const all = useSyncExternalStore((listener) => { hearing.add(listener); return () => hearing.delete(listener); }, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {all.map((entry) => (
        <div key={entry.id} className="toast">
          <span>{entry.words}</span>
          {entry.action && <button type="button" onClick={() => { entry.action!.run(); tell(toasts.filter((other) => other.id !== entry.id)); }}>{entry.action.words}</button>}
        </div>
      ))}
    </div>
  );
}
