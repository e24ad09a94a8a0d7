/**
 * The plan of a company. For who may edit it, the draft: changed here at once, checked while one types, saved by itself,
 * merged when two people work. For who may only read, what is published; for who may not even that, the names in it.
 */

import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { useAccess } from "../access";
import { ask, get, Offline, Refused } from "../api/client";
import type { Directory, DraftAnswer } from "../api/types";
import { begin, type History, record, redo, undo } from "../plan/history";
import { type Conflict, merge } from "../plan/merge";
import { keysOf, put } from "../plan/path";
import type { Plan, Problem } from "../plan/types";

const CHECK_AFTER = 200; // ms without a key: a check takes some ten
const SAVE_AFTER = 600;
const RETRY_AFTER = 3000;

/** What of the plan somebody works with. */
export type Source = "draft" | "published" | "names";

export type Saving = "saved" | "saving" | "waiting" | "refused";

export interface DraftState {
  readOnly: boolean;
  history: History;
  problems: Problem[];
  scope: Record<string, string[]>;
  base: number;
  changes: number;
  saving: Saving;
  savedAt: number;
  offline: boolean;
  conflicts: Conflict[];
  merged: number; // how often something of somebody else came in
}

export class Draft {
  private state: DraftState | null = null;
  private failed: Error | null = null;
  private listeners = new Set<() => void>();
  private etag = "";
  private synced: Plan | null = null;
  private checking = 0;
  private timers: { check?: ReturnType<typeof setTimeout>; save?: ReturnType<typeof setTimeout> } = {};
  private busy = false;
  private theirs: { plan: Plan; etag: string } | null = null;

  constructor(readonly company: string, readonly source: Source = "draft") {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = (): DraftState | null => this.state;
  failure = (): Error | null => this.failed;

  private set(change: Partial<DraftState>): void {
    if (this.state) this.state = { ...this.state, ...change };
    this.listeners.forEach((listener) => listener());
  }

  get plan(): Plan { return this.state!.history.now.plan; }

  private async fetch(): Promise<{ body: DraftAnswer; etag: string }> {
    if (this.source === "draft") return ask<DraftAnswer>("GET", `/companies/${this.company}/draft`);
    const rest = { changes: 0, problems: [], scope: {} };
    if (this.source === "names") {
      const { name, country, version, users, queues, own_diversions: _, ...named } = await get<Directory>(`/companies/${this.company}/directory`);
      const plan = {
        ...named, company: { name, country }, users: users.map(({ accounts, ...user }) => ({ ...user, phones: accounts.map((username) => ({ username })) })),
        queues: queues.map(({ agents, ...queue }) => ({ ...queue, agents: agents.map((user) => ({ user })) })),
      } as unknown as Plan;
      return { body: { ...rest, plan, base: version }, etag: JSON.stringify(plan) };
    }
    const { name, live } = await get<{ name: string; live: number | null }>(`/companies/${this.company}`);
    if (this.state && this.etag === String(live)) return { body: { ...rest, plan: this.plan, base: live ?? 0 }, etag: this.etag };
    const plan = live === null ? ({ company: { name } } as Plan) : (await get<{ plan: Plan }>(`/companies/${this.company}/versions/${live}`)).plan;
    return { body: { ...rest, plan, base: live ?? 0 }, etag: String(live) };
  }

  async load(): Promise<void> {
    try {
      const [{ body, etag }, about] = await Promise.all([this.fetch(), get<{ from_file: boolean }>(`/companies/${this.company}`)]);
      this.etag = etag;
      this.synced = body.plan;
      this.failed = null;
      this.state = {
        readOnly: this.source !== "draft" || about.from_file,
        history: begin(body.plan), problems: body.problems ?? [], scope: body.scope ?? {}, base: body.base ?? 0, changes: body.changes ?? 0,
        saving: "saved", savedAt: 0, offline: false, conflicts: [], merged: 0,
      };
    } catch (error) {
      this.failed = error as Error;
    }
    this.listeners.forEach((listener) => listener());
  }

  /** Make a plan file (YAML, JSON) the draft. What was here stays one step back in the history. */
  async take(text: string): Promise<void> {
    await this.save();
    const before = this.state;
    const { body, etag } = await ask<DraftAnswer>("PUT", `/companies/${this.company}/draft/plan.yaml`, text, { "Content-Type": "application/yaml", "If-Match": this.etag });
    this.etag = etag;
    this.synced = body.plan;
    if (before) this.set({ history: record(before.history, body.plan, ""), problems: body.problems ?? [], scope: body.scope ?? {}, base: body.base, changes: body.changes, saving: "saved", savedAt: Date.now() });
  }

  /** Take what others did, when nothing of ours waits. */
  async refresh(): Promise<void> {
    if (!this.state || this.busy || this.plan !== this.synced) return;
    try {
      const { body, etag } = await this.fetch();
      if (this.plan !== this.synced) return;
      this.set({ offline: false, base: body.base, changes: body.changes, problems: body.problems ?? [], scope: body.scope ?? {} });
      if (etag === this.etag) return;
      this.etag = etag;
      this.synced = body.plan;
      const { history } = this.state;
      this.set({ history: { ...history, now: { ...history.now, plan: body.plan } } });
    } catch (error) {
      if (error instanceof Offline) this.set({ offline: true });
    }
  }

  edit(plan: Plan, chosen?: string, mark = ""): void {
    if (!this.state || this.state.readOnly) return;
    const history = record(this.state.history, plan, chosen ?? this.state.history.now.chosen, mark);
    this.changed(history);
  }
  choose(path: string): void {
    if (!this.state || this.state.history.now.chosen === path) return;
    this.set({ history: { ...this.state.history, now: { ...this.state.history.now, chosen: path } } });
  }
  undo(): void { if (this.state) this.changed(undo(this.state.history)); }
  redo(): void { if (this.state) this.changed(redo(this.state.history)); }

  private changed(history: History): void {
    this.set({ history });
    clearTimeout(this.timers.check);
    this.timers.check = setTimeout(() => void this.check(), CHECK_AFTER);
    if (history.now.plan === this.synced) {
      if (!this.busy) { clearTimeout(this.timers.save); this.set({ saving: "saved" }); }
      return;
    }
    this.set({ saving: "saving" });
    this.later(SAVE_AFTER);
  }

  private later(ms: number): void {
    clearTimeout(this.timers.save);
    this.timers.save = setTimeout(() => void this.save(), ms);
  }

  private async check(): Promise<void> {
    const plan = this.plan;
    const turn = (this.checking += 1);
    try {
      const { body } = await ask<Pick<DraftAnswer, "problems" | "scope">>("POST", `/companies/${this.company}/check`, { plan });
      if (turn === this.checking && plan === this.plan) this.set({ problems: body.problems, scope: body.scope ?? {}, offline: false });
    } catch (error) {
      if (error instanceof Offline) this.set({ offline: true });
    }
  }

  /** Send what is not saved. Resolves when the server has everything, or it cannot be. */
  async save(): Promise<void> {
    if (!this.state || this.busy || this.state.conflicts.length || this.plan === this.synced) return;
    clearTimeout(this.timers.save);
    this.busy = true;
    const plan = this.plan;
    try {
      const { body, etag } = await ask<DraftAnswer>("PUT", `/companies/${this.company}/draft`, { plan }, { "If-Match": this.etag });
      this.etag = etag;
      const current = plan === this.plan;
      // The server keeps what was typed as a secret apart: its plan has the name of it instead.
      const kept = JSON.stringify(body.plan) === JSON.stringify(plan) ? plan : body.plan;
      this.synced = current ? kept : plan;
      if (current && kept !== plan) this.set({ history: { ...this.state.history, now: { ...this.state.history.now, plan: kept } } });
      this.set({
        base: body.base, changes: body.changes, offline: false, savedAt: Date.now(),
        saving: current ? "saved" : "saving", ...(current ? { problems: body.problems ?? [], scope: body.scope ?? {} } : {}),
      });
      if (!current) this.later(SAVE_AFTER);
    } catch (error) {
      if (error instanceof Offline) {
        this.set({ offline: true, saving: "waiting" });
        this.later(RETRY_AFTER);
      } else if (error instanceof Refused && error.status === 412) {
        this.busy = false;
        await this.meet();
      } else this.set({ saving: "refused" });
    } finally {
      this.busy = false;
    }
  }

  /** Somebody else saved first: put both together, and ask only about what both touched. */
  private async meet(): Promise<void> {
    try {
      const { body, etag } = await ask<DraftAnswer>("GET", `/companies/${this.company}/draft`);
      const { merged, conflicts } = merge(this.synced!, this.plan, body.plan);
      this.theirs = { plan: body.plan, etag };
      if (conflicts.length) this.set({ conflicts, saving: "waiting" });
      else this.settle(merged);
    } catch {
      this.later(RETRY_AFTER);
    }
  }

  private settle(plan: Plan): void {
    const { plan: theirs, etag } = this.theirs!;
    this.etag = etag;
    this.synced = theirs;
    this.theirs = null;
    this.set({ conflicts: [], merged: this.state!.merged + 1, history: record(this.state!.history, plan, this.state!.history.now.chosen) });
    this.later(0);
    void this.check();
  }

  /** The answer to a conflict: for each path, mine or theirs. */
  resolve(choices: Record<string, "mine" | "theirs">): void {
    if (!this.theirs || !this.state) return;
    const { merged, conflicts } = merge(this.synced!, this.plan, this.theirs.plan);
    let plan = merged;
    for (const conflict of conflicts) if (choices[conflict.path] === "theirs") plan = put(plan, keysOf(conflict.path), conflict.theirs);
    this.settle(plan);
  }

  unsaved(): boolean { return !!this.state && this.plan !== this.synced; }

  stop(): void {
    clearTimeout(this.timers.check);
    if (this.unsaved()) void this.save();
  }
}

const Given = createContext<Draft | null>(null);

export function DraftOf({ company, children }: { company: string; children: ReactNode }) {
  const { may } = useAccess();
  const source = may("edit") ? "draft" : may("read") ? "published" : "names";
  const draft = useMemo(() => new Draft(company, source), [company, source]);
  useEffect(() => {
    void draft.load();
    const again = (): void => void (draft.unsaved() ? draft.save() : draft.refresh());
    const warn = (event: BeforeUnloadEvent): void => { if (draft.unsaved()) { void draft.save(); event.preventDefault(); } };
    const visible = (): void => { if (document.visibilityState === "visible") again(); };
    const timer = setInterval(again, 10_000);
    window.addEventListener("online", again);
    window.addEventListener("focus", again);
    document.addEventListener("visibilitychange", visible);
    window.addEventListener("beforeunload", warn);
    return () => {
      draft.stop();
      clearInterval(timer);
      window.removeEventListener("online", again);
      window.removeEventListener("focus", again);
      document.removeEventListener("visibilitychange", visible);
      window.removeEventListener("beforeunload", warn);
    };
  }, [draft]);
  return <Given value={draft}>{children}</Given>;
}

export function useDraft(): { draft: Draft; state: DraftState | null; failure: Error | null } {
  const draft = useContext(Given);
  if (!draft) throw new Error("no company here");
  const state = useSyncExternalStore(draft.subscribe, draft.snapshot);
  const failure = useSyncExternalStore(draft.subscribe, draft.failure);
  return { draft, state, failure };
}

/** The plan of the draft, for pages that are shown only once it is there. */
export function usePlan(): Plan {
  return useDraft().state!.history.now.plan;
}
