/** One route being edited: the cards, the palette beside them, the form of the chosen card, and every key. */

import { CalendarClock, ChevronRight, Grip, PhoneForwarded, Plus } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { copyOf, insert, move, ownerOf, remove, renamed } from "../plan/edit";
import { appOf, itemAt, itemPathOf, numbersOf, placeOf, routeAt, settingsOf, shownBranches } from "../plan/route";
import { setAnywhere } from "../plan/scope";
import { exitWords, plain, sentence } from "../plan/sentence";
import { keysOf, put, within } from "../plan/path";
import type { AppFacts, Item, Plan, Problem } from "../plan/types";
import { useWords } from "../words";
import { Dialog, Tile, toast } from "../ui/parts";
import { Dragging } from "./dragging";
import { useOthers } from "./others";
import { useDraft } from "./draft";
import { CardForm } from "./form";
import { AddList, Palette } from "./palette";
import { Chosen, placeWords, type RouteActs, type RouteFrame, RouteView, type Walked } from "./route-view";
import { ALL, refusal, type Slot, visibleItems, visibleSlots } from "./view";

const CLIPBOARD = "belplan.clipboard";
const LETTERS = "belplan.letters";

/** What a new item begins with: enough to be seen, little enough to be filled in. */
export function newItem(app: AppFacts | { name: string }, plan: Plan): Item {
  const settings: Record<string, Record<string, unknown>> = {
    webhook: { method: "POST", url: "https://", timeout: 2 },
    condition: { variable: "caller_number", equals: "" },
    connect: { to: plan.ring_groups?.[0]?.number ?? plan.users?.[0]?.number ?? "" },
    queue: { number: plan.queues?.[0]?.number ?? "" },
    voicemail: { box: plan.voicemail_boxes?.[0]?.number ?? "" },
    announce: { say: "" },
    time: { when: plan.time_conditions?.[0]?.name ?? "" },
    diversion: { name: plan.diversions?.[0]?.name ?? "" },
    menu: { name: plan.ivr_menus?.[0]?.name ?? "" },
    goto: { dial_plan: plan.dial_plans?.[0]?.name ?? "" },
    email: { to: [] },
    prefix: { text: "" },
    same_colleague: { within: "30d" },
    hangup: {},
    set: { name: "", value: "" },
    collect: { save_as: "", prompt: { say: "" }, minimum: 1, maximum: 8 },
    switch: { variable: "caller_number", cases: {} },
  };
  return { [app.name]: structuredClone(settings[app.name] ?? ("example" in app ? app.example : {})) };
}

export interface RouteEditorProps {
  top: string;
  apps: readonly AppFacts[];
  begin?: ReactNode;
  end?: ReactNode;
  palette?: boolean;
  trace?: ReadonlyMap<string, Walked> | undefined;
  aside?: ReactNode;
  onTest?: (() => void) | undefined;
  company: string;
  emptyStart?: boolean;
}

export function RouteEditor({ top, apps, begin, end, palette = true, trace, aside, onTest, company, emptyStart = true }: RouteEditorProps) {
  const words = useWords();
  const { t, language } = words;
  const { draft, state } = useDraft();
  const [, navigate] = useLocation();
  const plan = state!.history.now.plan;
  const chosen = within(state!.history.now.chosen, top) && itemAt(plan, state!.history.now.chosen) ? state!.history.now.chosen : "";
  const [opened, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [root, setRoot] = useState(top);
  const [formOpen, setFormOpen] = useState(false);
  const [lifted, setLifted] = useState<{ path: string; at: number } | null>(null);
  const [adding, setAdding] = useState<{ route: string; index: number; x: number; y: number } | null>(null);
  const [shortcuts, setShortcuts] = useState(false);
  const [letters, setLetters] = useState(() => localStorage.getItem(LETTERS) !== "off");
  const [said, setSaid] = useState("");
  const area = useRef<HTMLDivElement>(null);
  // Path of the card that gets the focus as soon as it is there.
  const focusNext = useRef("");
  const traced = !!trace;
  const fixed = traced || state!.readOnly;
  // Under a trace only the way of the call is open.
  const toggled = useMemo(() => (traced ? new Map([[ALL, false]]) : opened), [traced, opened]);

  const shownRoot = root.startsWith(top) && (root === top || itemAt(plan, ownerOf(root))) ? root : top;
  const route = routeAt(plan, shownRoot);
  const numbers = useMemo(() => numbersOf(routeAt(plan, top), top), [plan, top]);
  const told = state!.problems;
  const problems = useMemo(() => {
    const found = new Map<string, Problem[]>();
    for (const problem of told) {
      const path = itemPathOf(plan, problem.path);
      if (path && within(path, top)) found.set(path, [...(found.get(path) ?? []), problem]);
    }
    return found;
  }, [plan, told, top]);
  const titles = useMemo(() => new Map(apps.map((app) => [app.name, app.title[language] ?? app.name])), [apps, language]);
  const always = useMemo(
    () => [...[...problems].filter(([, list]) => list.some((problem) => problem.severity === "error")).map(([path]) => path), ...(trace?.keys() ?? [])],
    [problems, trace],
  );
  const seen = useMemo(() => new Set(visibleItems(plan, shownRoot, toggled, always)), [plan, shownRoot, toggled, always]);
  const hidden = chosen && !seen.has(chosen) ? chosen : "";
  const marked = useMemo(() => (hidden ? [hidden, ...always] : always), [hidden, always]);
  const [choice] = useState(() => new Chosen(chosen));
  useLayoutEffect(() => choice.choose(chosen), [choice, chosen]);

  const choose = useCallback((path: string, openForm = false): void => {
    draft.choose(path);
    if (openForm) setFormOpen(true);
  }, [draft]);
  const focusCard = useCallback((path: string): void => { focusNext.current = path; draft.choose(path); }, [draft]);
  useEffect(() => {
    if (!focusNext.current || focusNext.current !== chosen) return;
    const card = area.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(chosen)}"]`);
    card?.focus();
    if (card && document.activeElement === card) focusNext.current = "";
  });

  // The plan as the last move left it: while it is so, a problem that the move made can be put back.
  const [moved, setMoved] = useState<Plan | null>(null);
  const moveTo = useCallback((from: string, route: string, index: number): void => {
    const made = move(draft.plan, from, route, index);
    focusNext.current = made.chosen;
    draft.edit(made.plan, made.chosen);
    setMoved(made.plan);
  }, [draft]);
  const put1 = useCallback((slot: Slot, item: Item): void => {
    const made = insert(draft.plan, slot.route, slot.index, item);
    focusNext.current = made.chosen;
    draft.edit(made.plan, made.chosen);
    setToggled((now) => new Map(now).set(slot.route, true));
    setFormOpen(true);
  }, [draft]);
  const addApp = useCallback((app: AppFacts | { name: string }): void => {
    const place = chosen ? placeOf(chosen) : null;
    put1(place ? { route: place.route, index: place.index + 1 } : { route: shownRoot, index: routeAt(draft.plan, shownRoot).length }, newItem(app, draft.plan));
  }, [chosen, draft, put1, shownRoot]);
  const removeAt = useCallback((path: string): void => {
    const item = itemAt(draft.plan, path);
    if (!item) return;
    const title = plain(sentence(item, draft.plan, language).title);
    const made = remove(draft.plan, path);
    focusNext.current = made.chosen;
    draft.edit(made.plan, made.chosen);
    toast(t("editor.removed", { title }), { words: t("action.undo"), run: () => draft.undo() });
  }, [draft, language, t]);
  const copyAt = useCallback((path: string): void => {
    const text = JSON.stringify(copyOf(draft.plan, path));
    localStorage.setItem(CLIPBOARD, text);
    void navigator.clipboard?.writeText(text).catch(() => undefined);
    toast(t("editor.copied"));
  }, [draft, t]);
  const pasteAt = useCallback((path: string): void => {
    try {
      const item = renamed(JSON.parse(localStorage.getItem(CLIPBOARD) ?? "") as Item, new Set(setAnywhere(draft.plan, top).keys()));
      const place = path ? placeOf(path) : { route: shownRoot, index: routeAt(draft.plan, shownRoot).length - 1 };
      put1({ route: place.route, index: place.index + 1 }, item);
    } catch { /* nothing was copied, or not by this page */ }
  }, [draft, put1, shownRoot, top]);

  const act: RouteActs = useMemo(() => ({
    choose,
    toggle: (branch, open) => { setToggled((now) => new Map(now).set(branch, open)); if (!open && within(draft.snapshot()!.history.now.chosen, branch)) draft.choose(ownerOf(branch)); },
    add: (route, index, from) => { const box = from.getBoundingClientRect(); setAdding({ route, index, x: box.right + 8, y: box.top - 8 }); },
    remove: removeAt,
    copy: copyAt,
    duplicate: copyAt,
    paste: pasteAt,
    fix: (apply) => draft.edit(apply(draft.plan)),
    putBack: () => draft.undo(),
    enter: setRoot,
    openMenu: (name) => navigate(`/c/${company}/menus/${encodeURIComponent(name)}`),
    ensure: (path, branch) => {
      const app = appOf(itemAt(draft.plan, path)!);
      const item: Item = app === "condition" || app === "time" || app === "diversion" || app === "switch" ? { announce: { say: "" } } : { announce: { say: "" } };
      const keys = keysOf(branch.path);
      draft.edit(put(draft.plan, keys, [item]), `${branch.path}[0]`);
      setToggled((now) => new Map(now).set(branch.path, true));
      setFormOpen(true);
    },
  }), [choose, removeAt, copyAt, pasteAt, draft, navigate, company]);

  const others = useOthers(company, chosen, !fixed);
  const liftedPath = lifted?.path ?? "";
  const frame: RouteFrame = useMemo(() => ({
    plan, language, chosen: choice, lifted: liftedPath, toggled, marked, problems, numbers, others, titles, ...(trace ? { trace } : {}), readOnly: fixed,
    fixedDepth: shownRoot === top ? 0 : -1, act, justMoved: moved === plan,
  }), [plan, language, choice, liftedPath, toggled, marked, problems, numbers, others, titles, trace, fixed, shownRoot, top, act, moved]);

  // Carrying a card by keyboard: the line stands where it would go.
  const slots = lifted ? visibleSlots(plan, shownRoot, toggled, marked, lifted.path).filter((slot) => !refusal(appOf(itemAt(plan, lifted.path)!), slot.route, lifted.path)) : [];
  const carried = lifted ? slots[lifted.at] : undefined;
  useEffect(() => {
    if (!carried) return;
    const element = area.current?.querySelector(`[data-slot="${CSS.escape(`${carried.route}|${carried.index}`)}"]`);
    const line = document.createElement("div");
    line.className = "line";
    element?.append(line);
    line.scrollIntoView({ block: "nearest" });
    setSaid(placeWords(carried, numbers, language, t as never));
    return () => line.remove();
  }, [carried?.route, carried?.index]); // eslint-disable-line

  const lift = (): void => {
    if (!chosen) return;
    const { route, index } = placeOf(chosen);
    const all = visibleSlots(plan, shownRoot, toggled, marked, chosen).filter((slot) => !refusal(appOf(itemAt(plan, chosen)!), slot.route, chosen));
    setLifted({ path: chosen, at: Math.max(0, all.findIndex((slot) => slot.route === route && slot.index === index)) });
    setSaid(t("editor.picked_up"));
  };
  const drop = (): void => {
    if (lifted && carried) {
      moveTo(lifted.path, carried.route, carried.index);
      setSaid(t("editor.put_down"));
    }
    setLifted(null);
  };
  const nudge = (by: -1 | 1): void => {
    const item = itemAt(plan, chosen);
    if (!item) return;
    const { route, index } = placeOf(chosen);
    const all = visibleSlots(plan, shownRoot, toggled, marked, chosen).filter((slot) => !refusal(appOf(item), slot.route, chosen));
    const now = all.findIndex((slot) => slot.route === route && slot.index === index);
    const next = all[now + by];
    if (!next) return;
    moveTo(chosen, next.route, next.index);
    setSaid(placeWords(next, numbers, language, t as never));
  };
  const nextProblem = (): void => {
    const all = visibleItems(plan, shownRoot, toggled, marked).filter((path) => problems.has(path));
    const now = all.indexOf(chosen);
    const next = all[(now + 1) % Math.max(1, all.length)];
    if (next) { focusCard(next); setFormOpen(true); }
  };

  const onKey = (event: React.KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (target.closest("input, textarea, select, .menu, dialog")) return;
    const order = visibleItems(plan, shownRoot, toggled, marked);
    const now = order.indexOf(chosen);
    const handled = (): void => { event.preventDefault(); event.stopPropagation(); };
    if (lifted) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") { handled(); setLifted({ ...lifted, at: Math.max(0, Math.min(slots.length - 1, lifted.at + (event.key === "ArrowDown" ? 1 : -1))) }); }
      else if (event.key === " " || event.key === "Enter") { handled(); drop(); }
      else if (event.key === "Escape") { handled(); setLifted(null); setSaid(t("editor.put_back")); }
      return;
    }
    const control = event.ctrlKey || event.metaKey;
    const letter = letters && !control && !event.altKey;
    if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) { handled(); if (!fixed) nudge(event.key === "ArrowDown" ? 1 : -1); }
    else if (event.key === "ArrowDown") { handled(); const next = order[Math.min(order.length - 1, now + 1)]; if (next) focusCard(next); }
    else if (event.key === "ArrowUp") { handled(); const next = order[Math.max(0, now - 1)]; if (next) focusCard(next); }
    else if (event.key === "Home") { handled(); if (order[0]) focusCard(order[0]); }
    else if (event.key === "End") { handled(); if (order.at(-1)) focusCard(order.at(-1)!); }
    else if (event.key === "ArrowRight" && chosen) {
      handled();
      const branches = shownBranches(itemAt(plan, chosen)!, chosen);
      const closed = branches.find((branch) => !order.some((path) => within(path, branch.path)) && !toggled.get(branch.path));
      if (closed) { act.toggle(closed.path, true); setSaid(t("editor.branch_open", { exit: exitWords(closed.exit, language) })); }
      else {
        const inner = branches.find((branch) => branch.route.length);
        if (inner) focusCard(`${inner.path}[0]`);
        else if (branches[0] && !fixed) { // an open branch with nothing in it yet: choose its first app
          const card = target.closest("[data-path]")?.getBoundingClientRect();
          setAdding({ route: branches[0].path, index: 0, x: (card?.left ?? 320) + 44, y: card?.bottom ?? 160 });
        }
      }
    } else if (event.key === "ArrowLeft" && chosen) {
      handled();
      const open = shownBranches(itemAt(plan, chosen)!, chosen).find((branch) => order.some((path) => within(path, branch.path)));
      if (open) { setToggled((map) => new Map(map).set(open.path, false)); setSaid(t("editor.branch_closed", { exit: exitWords(open.exit, language) })); }
      else { const owner = ownerOf(placeOf(chosen).route); if (owner && within(owner, shownRoot)) focusCard(owner); else if (shownRoot !== top) setRoot(top); }
    } else if (event.key === "Enter" && chosen && target.dataset.path) {
      handled();
      setFormOpen(true);
      requestAnimationFrame(() => document.querySelector<HTMLElement>(".form-pane .fields input, .form-pane .fields select, .form-pane .fields textarea, .form-pane .fields button")?.focus());
    } else if (event.key === " " && chosen && target.dataset.path && !fixed) { handled(); lift(); }
    else if ((event.key === "Delete" || event.key === "Backspace") && chosen && !fixed) { handled(); removeAt(chosen); }
    else if (control && event.key === "c" && chosen && !String(getSelection())) { handled(); copyAt(chosen); }
    else if (control && event.key === "v" && !fixed) { handled(); pasteAt(chosen); }
    else if (event.key === "/" && !fixed && letter) {
      handled();
      const card = target.closest("[data-path]")?.getBoundingClientRect();
      const place = chosen ? placeOf(chosen) : { route: shownRoot, index: route.length - 1 };
      setAdding({ route: place.route, index: place.index + 1, x: (card?.left ?? 320) + 44, y: card?.bottom ?? 160 });
    } else if (letter && (event.key === "t" || event.key === "T") && onTest) { handled(); onTest(); }
    else if (letter && event.key === "?") { handled(); setShortcuts(true); }
    else if (event.key === "Escape" && formOpen) { handled(); setFormOpen(false); }
  };

  // Undo, redo and F8 hold anywhere on the page, but not in the middle of a text field.
  useEffect(() => {
    const onWindowKey = (event: KeyboardEvent): void => {
      const typing = (event.target as HTMLElement).closest?.("input:not([type=range]):not([type=checkbox]), textarea, dialog");
      if (event.key === "F8") { event.preventDefault(); nextProblem(); }
      else if ((event.ctrlKey || event.metaKey) && !typing && event.key.toLowerCase() === "z") { event.preventDefault(); if (event.shiftKey) draft.redo(); else draft.undo(); }
      else if ((event.ctrlKey || event.metaKey) && !typing && event.key.toLowerCase() === "y") { event.preventDefault(); draft.redo(); }
    };
    window.addEventListener("keydown", onWindowKey);
    return () => window.removeEventListener("keydown", onWindowKey);
  });
  useEffect(() => {
    const jump = (): void => nextProblem();
    window.addEventListener("belplan:next-problem", jump);
    return () => window.removeEventListener("belplan:next-problem", jump);
  });

  const chosenItem = chosen ? itemAt(plan, chosen) : undefined;
  const form = !traced && formOpen && chosenItem;
  const empty = route.length === 0 && shownRoot === top;
  return (
    <div className={`editor${fixed || !palette ? " testing" : form ? "" : " no-form"}${(state!.readOnly || !palette) && !form && !aside ? " alone" : ""}`}>
      {!fixed && palette && <Palette apps={apps.filter((app) => app.name !== "dial_outside" && app.name !== "switch_diversion")} onAdd={addApp} route={chosen ? placeOf(chosen).route : shownRoot} />}
      <div className="route-area" ref={area} role="region" aria-label={t("editor.route")} onKeyDown={onKey} onClick={() => draft.choose("")} tabIndex={route.length ? -1 : 0}>
        {shownRoot !== top && (
          <div className="trail">
            <button type="button" className="link" onClick={() => setRoot(top)}>{t("editor.whole_plan")}</button>
            {trailOf(shownRoot, top).map((step) => <span key={step.branch} className="row"><ChevronRight size={14} aria-hidden /><button type="button" className="link" onClick={() => setRoot(step.branch)}>{numbers.get(step.owner)} · {exitWords(step.exit, language)}</button></span>)}
          </div>
        )}
        {empty && !fixed && emptyStart ? (
          <>{begin}<FirstSteps onPick={(app) => put1({ route: shownRoot, index: 0 }, newItem({ name: app }, draft.plan))} /></>
        ) : (
          <RouteView frame={frame} route={route} path={shownRoot} begin={shownRoot === top ? begin : undefined} end={<>{!fixed && <button type="button" className="add-here" onClick={(event) => act.add(shownRoot, route.length, event.currentTarget)}><Plus size={14} aria-hidden />{t("editor.add_here")}</button>}{shownRoot === top ? end : undefined}</>} />
        )}
      </div>
      {!fixed && <Dragging area={area} plan={plan} numbers={numbers} language={language}
        onDrop={(dragged, slot) => {
          if (!dragged.moving) { put1(slot, newItem(apps.find((app) => app.name === dragged.app) ?? { name: dragged.app }, draft.plan)); return; }
          moveTo(dragged.moving, slot.route, slot.index);
        }}
        onOpen={(branch) => setToggled((now) => new Map(now).set(branch, true))} />}
      {form && chosenItem && <CardForm key={chosen} plan={plan} path={chosen} item={chosenItem} top={top} apps={apps} problems={problems.get(chosen) ?? []} onClose={() => { setFormOpen(false); focusCard(chosen); }} onRemove={() => removeAt(chosen)} onShortcuts={() => setShortcuts(true)} />}
      {!form && aside}
      {adding && <AddList apps={apps} at={adding} route={adding.route} onClose={() => setAdding(null)} onPick={(app) => { const { route, index } = adding; setAdding(null); put1({ route, index }, newItem(app, draft.plan)); }} />}
      {shortcuts && <Shortcuts letters={letters} onLetters={(on) => { setLetters(on); localStorage.setItem(LETTERS, on ? "on" : "off"); }} onClose={() => setShortcuts(false)} />}
      <div className="sr" role="status" aria-live="assertive">{said}</div>
    </div>
  );
}

function trailOf(root: string, top: string): { branch: string; owner: string; exit: string }[] {
  const steps: { branch: string; owner: string; exit: string }[] = [];
  const exits: Record<string, string> = { then: "true", else: "false", on_busy: "busy", on_no_answer: "no_answer", on_failed: "failed", on_ok: "ok", on_error: "error", on_timeout: "timeout", on_nobody: "nobody" };
  for (let branch = root; branch !== top;) {
    const owner = ownerOf(branch);
    if (!owner) break;
    const setting = branch.split(".").at(-1)!;
    steps.unshift({ branch, owner, exit: exits[setting] ?? setting });
    branch = placeOf(owner).route;
  }
  return steps;
}

function FirstSteps({ onPick }: { onPick: (app: string) => void }) {
  const { t } = useWords();
  const steps = [["connect", PhoneForwarded, "editor.first_ring", "editor.first_ring_more"], ["time", CalendarClock, "editor.first_time", "editor.first_time_more"], ["menu", Grip, "editor.first_menu", "editor.first_menu_more"]] as const;
  return (
    <div className="start">
      <h2>{t("editor.empty_title")}</h2>
      <p className="quiet">{t("editor.empty_more")}</p>
      <div data-slot="" hidden />
      {steps.map(([app, , title, more]) => (
        <button key={app} type="button" onClick={() => onPick(app)}><Tile app={app} /><span className="grow"><b>{t(title)}</b><span>{t(more)}</span></span><Plus size={18} aria-hidden /></button>
      ))}
    </div>
  );
}

function Shortcuts({ letters, onLetters, onClose }: { letters: boolean; onLetters: (on: boolean) => void; onClose: () => void }) {
  const { t } = useWords();
  const rows = [
    [["↑", "↓"], "keys.up_down"], [["←", "→"], "keys.left_right"], [["Enter"], "keys.enter"], [["/"], "keys.slash"], [[t("keys.space_name")], "keys.space"], [["Alt", "↑", "↓"], "keys.alt"],
    [["Ctrl", "C"], "keys.copy"], [["Del"], "keys.del"], [["F8"], "keys.f8"], [["T"], "keys.t"], [["Ctrl", "Z"], "keys.z"],
  ] as const;
  return (
    <Dialog title={t("editor.shortcuts")} onClose={onClose}>
      <section className="shortcuts">
        {rows.map(([keys, word]) => <div key={word} style={{ display: "contents" }}><span className="row" style={{ gap: 4 }}>{keys.map((key) => <kbd key={key} className="kbd">{key}</kbd>)}</span><span>{t(word)}</span></div>)}
      </section>
      <section><label className="check"><input type="checkbox" checked={letters} onChange={(event) => onLetters(event.target.checked)} /><span>{t("editor.letters")}</span></label></section>
    </Dialog>
  );
}

export { settingsOf };
