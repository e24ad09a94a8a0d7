/** The route as cards on a rail. The rail is the call; a branch leaves it, and comes back or ends. */

import { draggable } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { disableNativeDragPreview } from "@atlaskit/pragmatic-drag-and-drop/element/disable-native-drag-preview";
import { AlertTriangle, ChevronRight, CircleAlert, Copy, Ellipsis, GripVertical, Plus, Trash2, ArrowRight, CornerDownRight, User } from "lucide-react";
import { createContext, memo, type ReactNode, useContext, useEffect, useRef, useSyncExternalStore } from "react";
import { type Branch, appOf, asRoute, branchesOf, comesBack, isRoutePath, noteOf, numbersOf, settingsOf, shownBranches } from "../plan/route";
import { exitWords, isQuestion, plain, sentence, summary, wayBack } from "../plan/sentence";
import { explain } from "../plan/problems";
import type { Item, Language, Plan, Problem } from "../plan/types";
import { type Word, useWords } from "../words";
import { AppIcon, Menu, Parts, Tile } from "../ui/parts";
import { isOpen, type Toggled } from "./view";

/** What the trace says of one card. */
export interface Walked { stamp: string; result: ReactNode; second?: string; now: boolean; times: number; last: boolean }

export interface RouteFrame {
  plan: Plan;
  language: Language;
  chosen: Chosen;
  lifted: string;
  toggled: Toggled;
  marked: readonly string[];
  problems: ReadonlyMap<string, readonly Problem[]>;
  numbers: ReadonlyMap<string, string>;
  others: ReadonlyMap<string, string>;
  titles: ReadonlyMap<string, string>;
  trace?: ReadonlyMap<string, Walked>;
  readOnly: boolean;
  fixedDepth: number;
  justMoved?: boolean;
  act: RouteActs;
}

export interface RouteActs {
  choose: (path: string, openForm?: boolean) => void;
  toggle: (branch: string, open: boolean) => void;
  add: (route: string, index: number, from: HTMLElement) => void;
  remove: (path: string) => void;
  copy: (path: string) => void;
  duplicate: (path: string) => void;
  paste: (path: string) => void;
  fix: (apply: (plan: Plan) => Plan) => void;
  putBack: () => void;
  enter: (route: string) => void;
  openMenu: (name: string) => void;
  ensure: (path: string, branch: Branch) => void;
}

/** Which card is chosen. Not part of what the whole route is drawn from: choosing draws two cards, not three hundred. */
export class Chosen {
  private watching = new Set<() => void>();
  constructor(public path = "") {}
  watch = (listener: () => void): (() => void) => { this.watching.add(listener); return () => this.watching.delete(listener); };
  choose(path: string): void {
    if (path === this.path) return;
    this.path = path;
    this.watching.forEach((listener) => listener());
  }
}

const Frame = createContext<RouteFrame | null>(null);
export const useFrame = (): RouteFrame => useContext(Frame)!;

export const RouteView = memo(function RouteView({ frame, route, path, begin, end }: { frame: RouteFrame; route: Item[]; path: string; begin?: ReactNode; end?: ReactNode }) {
  return (
    <Frame value={frame}>
      <div className={`route${frame.trace ? " traced" : ""}`}>
        {begin}
        <List route={route} path={path} depth={0} next="" />
        {end}
      </div>
    </Frame>
  );
});

const List = memo(function List({ route, path, depth, next }: { route: Item[]; path: string; depth: number; next: string }) {
  const frame = useFrame();
  const { t } = useWords();
  return (
    <div className={`list${depth ? " nested" : ""}`} role={depth ? (route.length ? "group" : undefined) : route.length ? "tree" : undefined} aria-label={depth || !route.length ? undefined : t("editor.whole_plan")}>
      <SlotHere route={path} index={0} />
      {route.map((item, index) => {
        const own = `${path}[${index}]`;
        const after = frame.numbers.get(`${path}[${index + 1}]`) ?? next;
        return <Step key={own} item={item} path={own} depth={depth} next={after} slot={<SlotHere route={path} index={index + 1} />} siblings={route.length} place={index + 1} />;
      })}
      {!frame.readOnly && route.length === 0 && depth > 0 && (
        <button type="button" className="add-here" tabIndex={-1} aria-hidden onClick={(event) => frame.act.add(path, 0, event.currentTarget)}><Plus size={14} aria-hidden />{t("editor.add_here")}</button>
      )}
    </div>
  );
});

function SlotHere({ route, index }: { route: string; index: number }) {
  const { act, readOnly } = useFrame();
  const { t } = useWords();
  return (
    <div className="slot" data-slot={`${route}|${index}`}>
      {!readOnly && <button type="button" className="plus" tabIndex={-1} aria-hidden title={t("editor.add_between")} onClick={(event) => act.add(route, index, event.currentTarget)}><span><Plus size={13} aria-hidden /></span></button>}
    </div>
  );
}

function Step({ item, path, depth, next, slot, siblings, place }: { item: Item; path: string; depth: number; next: string; slot: ReactNode; siblings: number; place: number }) {
  const frame = useFrame();
  const number = frame.numbers.get(path) ?? "";
  const walked = frame.trace?.get(path);
  const branches = shownBranches(item, path);
  const open = branches.filter((branch) => isOpen(branch, frame.toggled, frame.marked));
  const deep = depth + frame.fixedDepth >= 3;
  const closed = branches.filter((branch) => !open.includes(branch) || deep);
  const shown = deep ? [] : open;
  const into = frame.trace && shown.find((branch) => [...frame.trace!.keys()].some((key) => key.startsWith(`${branch.path}[`)));
  return (
    <>
      <div className={`step${walked ? " walked" : ""}${walked?.last ? " last" : ""}${into ? " forked" : ""}${walked?.now ? " now" : ""}`}>
        {walked && <span className="stamp">{walked.stamp}</span>}
        <span className={`node${number.length > 2 ? " wide" : ""}`} aria-hidden>{number}</span>
        <Card item={item} path={path} number={number} depth={depth} closed={closed} walked={walked} siblings={siblings} place={place} opens={branches.length > 0} anyOpen={shown.length > 0} />
        {shown.map((branch) => {
          const took = into === branch;
          // The walked line comes back only where the call did: something below this card was walked too.
          const returned = took && wentOn(frame.trace!, path);
          const back = branch.route.length > 0 && comesBack(branch.route);
          return (
            <div key={branch.path} className={`branch${took ? " walked" : ""}${back ? "" : " ends"}${returned ? " back" : ""}`}>
              <span className="elbow" aria-hidden />
              <div className="branch-head">
                <button type="button" className="exit-label" tabIndex={-1} aria-hidden onClick={() => frame.act.toggle(branch.path, false)} style={{ cursor: "pointer" }}>{exitWords(branch.exit, frame.language)}</button>
              </div>
              <List route={branch.route} path={branch.path} depth={depth + 1} next={next} />
              {back && <p className="way-back" aria-hidden>{wayBack(branch.route, next, frame.language)}</p>}
            </div>
          );
        })}
      </div>
      {slot}
    </>
  );
}

/** Whether the call walked on below an item, in the same list or further out. */
function wentOn(trace: ReadonlyMap<string, Walked>, path: string): boolean {
  const order = [...trace.keys()];
  const inside = order.filter((key) => key.startsWith(`${path}.`));
  const last = order.indexOf(inside.at(-1)!);
  return order.slice(last + 1).some((key) => !key.startsWith(`${path}.`) && key !== path);
}

interface CardProps {
  item: Item; path: string; number: string; depth: number; closed: Branch[]; walked?: Walked | undefined; siblings: number; place: number; opens: boolean; anyOpen: boolean;
}

const Card = memo(function Card({ item, path, number, depth, closed, walked, siblings, place, opens, anyOpen }: CardProps) {
  const { plan, language, problems, lifted, readOnly, act, others, titles, chosen: choice } = useFrame();
  const state = useSyncExternalStore(choice.watch, () => (choice.path === path ? "chosen" : !choice.path && number === "1" ? "first" : ""));
  const chosen = state === "chosen";
  const { t } = useWords();
  const ref = useRef<HTMLDivElement>(null);
  const app = appOf(item);
  const words = sentence(item, plan, language);
  const found = problems.get(path) ?? [];
  const errors = found.filter((problem) => problem.severity === "error");
  const unreachable = errors.some((problem) => problem.code === "unreachable");
  const wrong = new Set(errors.filter((problem) => problem.code === "unknown-variable").map((problem) => /"([^"]*)"/.exec(problem.message)?.[1] ?? ""));
  const settings = settingsOf(item);
  useEffect(() => {
    const element = ref.current;
    if (!element || readOnly) return;
    return draggable({
      element,
      getInitialData: () => ({ moving: path, app, title: plain(words.title) }),
      onGenerateDragPreview: ({ nativeSetDragImage }) => disableNativeDragPreview({ nativeSetDragImage }),
    });
  });
  // A question without a note shows its closed "yes" as the second line; what else is closed stands at the foot.
  const inLine = isQuestion(item) && !noteOf(item) && !walked ? closed[0] : undefined;
  const feet = closed.filter((branch) => branch !== inLine && (branch.route.length || branch.setting.startsWith("cases.")));
  const missing = readOnly ? [] : branchesOf(item, path).filter((branch) => !branch.route.length && branch.setting !== "then" && !branch.setting.startsWith("cases."));
  const toggle = (branch: Branch, open: boolean): void => (depth >= 3 && open ? act.enter(branch.path) : act.toggle(branch.path, open));
  const steps = inLine?.route.length ?? 0;
  return (
    <div
      ref={ref}
      className={`card${chosen ? " chosen" : ""}${errors.length && !unreachable ? " problem" : found.length && !unreachable ? " warning" : ""}${unreachable ? " faded" : ""}${lifted === path ? " lifted" : ""}`}
      data-path={path}
      data-app={app}
      role="treeitem"
      aria-level={depth + 1}
      aria-setsize={siblings}
      aria-posinset={place}
      aria-selected={chosen}
      aria-expanded={opens ? anyOpen : undefined}
      tabIndex={chosen || state === "first" ? 0 : -1}
      onClick={(event) => { event.stopPropagation(); act.choose(path, true); }}
    >
      {!readOnly && <span className="grip" aria-hidden><GripVertical size={13} /></span>}
      <div className="face">
        <span className="sr">{t("editor.spoken", { number, count: siblings, app: titles.get(app) ?? app })}</span>
        <Tile app={app} />
        <div className="lines">
          <div className="title"><Parts parts={words.title} wrong={wrong} /></div>
          {walked?.second ? <div className="second">{walked.second}</div> : inLine && inLine.route.length + (inLine.setting === "then" ? 1 : 0) > 0 ? (
            <div className="second">
              <button type="button" className="twist" tabIndex={-1} aria-expanded="false" data-branch={inLine.path} onClick={(event) => { event.stopPropagation(); toggle(inLine, true); }}>
                <ChevronRight size={13} aria-hidden /><span className="exit-label">{exitWords(inLine.exit, language)}</span><span className="ellipsis">{summary(inLine.route, plan, language)}</span>
              </button>
            </div>
          ) : words.second.length > 0 && <div className="second"><Parts parts={words.second} wrong={wrong} /></div>}
        </div>
        {others.get(path) && <span className="badge accent round"><User size={13} aria-hidden />{others.get(path)}</span>}
        {walked?.result}
        {walked && walked.times > 1 && <span className="badge">{t("test.times", { count: walked.times })}</span>}
        {words.yields && !walked && <span className="variable yields">→ {words.yields}</span>}
        {steps > 1 && !walked && <span className="steps">{t("editor.steps_other", { count: steps })}</span>}
        {app === "menu" && !walked && typeof settings.name === "string" && settings.name && <button type="button" className="link" tabIndex={-1} onClick={(event) => { event.stopPropagation(); act.openMenu(settings.name as string); }}>{t("editor.open_menu")} <ArrowRight size={14} aria-hidden /></button>}
        {unreachable && !readOnly && <button type="button" className="button small" tabIndex={-1} onClick={(event) => { event.stopPropagation(); act.remove(path); }}>{t("action.delete")}</button>}
        {!readOnly && (
          <Menu label={t("action.more")} button={<Ellipsis size={17} aria-hidden />} className="icon-button card-menu">
            {(close) => (
              <>
                {missing.map((branch) => <button key={branch.path} type="button" onClick={() => { close(); act.ensure(path, branch); }}><CornerDownRight size={15} aria-hidden />{t("editor.add_no", { exit: exitWords(branch.exit, language) })}</button>)}
                {missing.length > 0 && <hr />}
                <button type="button" onClick={() => { close(); act.copy(path); }}><Copy size={15} aria-hidden />{t("action.copy")}<span className="hint">Ctrl C</span></button>
                <button type="button" onClick={() => { close(); act.paste(path); }}><Plus size={15} aria-hidden />{t("action.paste")}<span className="hint">Ctrl V</span></button>
                <button type="button" onClick={() => { close(); act.remove(path); }}><Trash2 size={15} aria-hidden />{t("action.delete")}<span className="hint">Del</span></button>
              </>
            )}
          </Menu>
        )}
      </div>
      {unreachable && <div className="foot">{explain(errors.find((problem) => problem.code === "unreachable")!, plan, language).text}</div>}
      {!unreachable && found.slice(0, 3).map((problem, index) => <ProblemFoot key={index} problem={problem} />)}
      {feet.map((branch) => (
        <div className="foot" key={branch.path}>
          <button type="button" className="twist" tabIndex={-1} aria-expanded="false" data-branch={branch.path} onClick={(event) => { event.stopPropagation(); toggle(branch, true); }}>
            <ChevronRight size={13} aria-hidden /><span className="exit-label">{exitWords(branch.exit, language)}</span><span className="ellipsis">{summary(branch.route, plan, language)}</span>
          </button>
          <span className="grow" /><span className="steps">{t(branch.route.length === 1 ? "editor.steps_one" : "editor.steps_other", { count: branch.route.length })}</span>
        </div>
      ))}
    </div>
  );
});

function ProblemFoot({ problem }: { problem: Problem }) {
  const { plan, language, act, readOnly, justMoved } = useFrame();
  const { t } = useWords();
  const { text, fix } = explain(problem, plan, language);
  const error = problem.severity === "error";
  return (
    <div className={`foot ${error ? "problem" : "warning"}`}>
      {error ? <CircleAlert size={15} aria-hidden /> : <AlertTriangle size={15} aria-hidden />}
      <span className="grow">{text}</span>
      {justMoved && problem.code === "unknown-variable" ? <button type="button" className="button small" onClick={(event) => { event.stopPropagation(); act.putBack(); }}>{t("editor.lost_variable")}</button> : fix && !readOnly && <button type="button" className="button small" onClick={(event) => { event.stopPropagation(); act.fix(fix.apply); }}>{fix.label[language]}</button>}
    </div>
  );
}

/** The words of a place while a card is dragged or carried: "Hier: eerste stap onder “ja”". */
export function placeWords(slot: { route: string; index: number }, numbers: ReadonlyMap<string, string>, language: Language, t: (key: Word, values?: Record<string, string>) => string): string {
  const setting = /\.([a-z_]+\.)?([^.[\]]+)$/.exec(slot.route);
  const nested = /\[\d+\]\.[a-z_]+\.(then|else|otherwise|on_[a-z_]+|cases\.[^.[\]]+)$/.test(slot.route);
  const last = setting?.[2] ?? "";
  const exits: Record<string, string> = { then: "true", else: "false", on_busy: "busy", on_no_answer: "no_answer", on_failed: "failed", on_ok: "ok", on_error: "error", on_timeout: "timeout", on_nobody: "nobody" };
  const exit = exitWords(exits[last] ?? last, language);
  const before = numbers.get(`${slot.route}[${slot.index - 1}]`) ?? "";
  if (nested) return slot.index === 0 ? t("editor.drop_first_under", { exit }) : t("editor.drop_after_under", { number: before, exit });
  return slot.index === 0 ? t("editor.drop_first") : t("editor.drop_after", { number: before });
}

export { AppIcon, asRoute, isRoutePath, numbersOf };
