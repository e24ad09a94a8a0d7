/** The telephone of this page. It stays on whichever page is shown; its SIP part is loaded when it is turned on. */

import { useSyncExternalStore } from "react";
import { post, Refused } from "../api/client";
import type { BrowserPhone, PhoneState } from "./browser-phone";

interface Made { username: string; password: string; path: string; number: string }

export interface Telephone { now: PhoneState; own: string; refused: string }

let shown: Telephone = { now: { is: "off" }, own: "", refused: "" };
let phone: BrowserPhone | null = null;
let sound: HTMLAudioElement | null = null;
const watching = new Set<() => void>();

function show(change: Partial<Telephone>): void {
  shown = { ...shown, ...change };
  for (const watch of watching) watch();
}

export function useTelephone(): Telephone {
  return useSyncExternalStore((watch) => { watching.add(watch); return () => watching.delete(watch); }, () => shown);
}

/** As a user, by number; or as a caller from outside, from a number. */
export async function turnOn(company: string, who: { user: string } | { caller: string }): Promise<void> {
  if (!navigator.mediaDevices) { show({ now: { is: "off", trouble: "microphone" }, refused: "" }); return; }
  show({ now: { is: "connecting" }, refused: "", own: "user" in who ? who.user : "" });
  try {
    const made = await post<Made>(`/companies/${company}/browser-phones`, who);
    const { BrowserPhone } = await import("./browser-phone");
    sound ??= new Audio();
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${made.path}`;
    phone?.stop();
    phone = new BrowserPhone({ url, username: made.username, password: made.password }, (now) => show({ now }), hear);
    phone.start();
  } catch (error) {
    show({ now: { is: "off", ...(error instanceof Refused ? {} : { trouble: "lost" as const }) }, refused: error instanceof Refused ? error.message : "" });
  }
}

export function turnOff(): void {
  phone?.stop();
  phone = null;
  show({ now: { is: "off" }, refused: "" });
}

export const call = (number: string): void => phone?.call(number.replace(/[\s()-]/g, ""));
export const answer = (): void => phone?.answer();
export const hangUp = (): void => phone?.hangUp();
export const press = (key: string): void => phone?.press(key);


function hear(stream: MediaStream): void {
  if (!sound) return;
  sound.srcObject = stream;
  void sound.play().catch(() => { /* nobody has touched the page yet: it plays when they do */ });
}
