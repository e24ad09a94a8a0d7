/** Dragging by pointer: a line where the card will land, and words on the card that say so. */

import { dropTargetForElements, monitorForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { type RefObject, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { Language, Plan } from "../plan/types";
import { useWords } from "../words";
import { Tile } from "../ui/parts";
import { placeWords } from "./route-view";
import { refusal, type Slot } from "./view";

const REST = 500; // ms on a closed branch before it opens

interface Spot extends Slot { top: number; left: number; element: HTMLElement }

interface Dragged { app: string; title: string; moving: string }

export function Dragging({ area, plan, numbers, language, onDrop, onOpen }: {
  area: RefObject<HTMLElement | null>; plan: Plan; numbers: ReadonlyMap<string, string>; language: Language;
  onDrop: (dragged: Dragged, slot: Slot) => void; onOpen: (branch: string) => void;
}) {
  const { t } = useWords();
  const [dragged, setDragged] = useState<Dragged | null>(null);
  const ghost = useRef<HTMLDivElement>(null);
  const words = useRef<HTMLSpanElement>(null);
  const now = useRef({ numbers, language, t, onDrop, onOpen });
  now.current = { numbers, language, t, onDrop, onOpen };
  const measured = useRef<() => void>(() => {});

  useEffect(() => {
    const element = area.current;
    if (!element) return;
    let spots: Spot[] = [];
    let target: Spot | null = null;
    let line: HTMLElement | null = null;
    let resting: { branch: string; timer: ReturnType<typeof setTimeout> } | null = null;

    // Measured once when a drag begins, and when a branch opens: while the pointer moves, nothing is laid out again.
    const measure = (): void => {
      const box = element.getBoundingClientRect();
      spots = [...element.querySelectorAll<HTMLElement>("[data-slot]")].map((slot) => {
        const rect = slot.getBoundingClientRect();
        const [route, index] = slot.dataset.slot!.split("|") as [string, string];
        return { route, index: Number(index), top: rect.top - box.top + element.scrollTop, left: rect.left - box.left, element: slot };
      });
    };
    measured.current = measure;
    const clear = (): void => {
      line?.remove();
      line = null;
      target = null;
      if (resting) clearTimeout(resting.timer);
      resting = null;
    };
    const nearest = (x: number, y: number): Spot | null => {
      const box = element.getBoundingClientRect();
      if (x < box.left || x > box.right || y < box.top || y > box.bottom) return null;
      const [left, top] = [x - box.left, y - box.top + element.scrollTop];
      let best: Spot | null = null;
      let shortest = Infinity;
      for (const spot of spots) {
        const away = Math.abs(spot.top - top) + Math.max(0, spot.left - left) * 0.4;
        if (away < shortest) [best, shortest] = [spot, away];
      }
      return best;
    };
    const follow = (dragged: Dragged, x: number, y: number): void => {
      if (ghost.current) ghost.current.style.transform = `translate(${x + 12}px, ${y + 8}px) rotate(-2deg)`;
      const under = document.elementFromPoint(x, y)?.closest<HTMLElement>("[data-path], [data-branch]");
      const branch = under?.dataset.branch ?? under?.querySelector<HTMLElement>("[data-branch]")?.dataset.branch ?? "";
      if (resting?.branch !== branch) {
        if (resting) clearTimeout(resting.timer);
        resting = branch ? { branch, timer: setTimeout(() => { now.current.onOpen(branch); requestAnimationFrame(() => requestAnimationFrame(measure)); }, REST) } : null;
      }
      const spot = nearest(x, y);
      const why = spot ? refusal(dragged.app, spot.route, dragged.moving) : "";
      if (spot !== target) {
        line?.remove();
        line = null;
        target = spot;
        if (spot && !why) {
          line = document.createElement("div");
          line.className = "line";
          spot.element.append(line);
        }
      }
      if (words.current && ghost.current) {
        ghost.current.classList.toggle("refused", why !== "");
        const text = why ? now.current.t(why) : spot ? placeWords(spot, now.current.numbers, now.current.language, now.current.t) : now.current.t("editor.drop_outside");
        if (words.current.textContent !== text) words.current.textContent = text;
      }
    };
    const dataOf = (data: Record<string, unknown>): Dragged => ({ app: String(data.app ?? ""), title: String(data.title ?? ""), moving: String(data.moving ?? "") });
    const stopTarget = dropTargetForElements({ element, getDropEffect: () => "move" });
    const stopMonitor = monitorForElements({
      onDragStart: ({ source, location }) => {
        setDragged(dataOf(source.data));
        measure();
        requestAnimationFrame(() => follow(dataOf(source.data), location.current.input.clientX, location.current.input.clientY));
      },
      onDrag: ({ source, location }) => follow(dataOf(source.data), location.current.input.clientX, location.current.input.clientY),
      onDrop: ({ source, location }) => {
        const data = dataOf(source.data);
        const { clientX, clientY } = location.current.input;
        const inside = location.current.dropTargets.length > 0;
        const spot = inside ? (nearest(clientX, clientY) ?? target) : null;
        clear();
        setDragged(null);
        if (spot && !refusal(data.app, spot.route, data.moving)) now.current.onDrop(data, spot);
      },
    });
    return () => { clear(); stopTarget(); stopMonitor(); };
  }, [area]);
  useEffect(() => { if (dragged) measured.current(); }, [plan, dragged]);
  if (!dragged) return null;
  return createPortal(
    <div ref={ghost} className="drag-ghost" aria-hidden><Tile app={dragged.app} /><span className="grow"><b className="ellipsis">{dragged.title}</b><span className="where" ref={words} /></span></div>,
    document.body,
  );
}
