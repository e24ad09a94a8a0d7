/** The apps, by what they do. Drag one into the route, or choose it to stand below the chosen card. */

import { draggable } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { disableNativeDragPreview } from "@atlaskit/pragmatic-drag-and-drop/element/disable-native-drag-preview";
import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { AppFacts, Kind } from "../plan/types";
import { useWords } from "../words";
import { kindOf, Tile } from "../ui/parts";
import { refusal } from "./view";

const ORDER: Kind[] = ["ask", "decide", "ring", "play", "move"];
export const KINDS = ORDER;

export function titleOf(app: AppFacts, language: "nl" | "en"): string {
  return app.title[language] || app.title.en || app.name;
}

export function grouped(apps: readonly AppFacts[], query: string, language: "nl" | "en"): [Kind, AppFacts[]][] {
  const wanted = query.trim().toLowerCase();
  const fits = (app: AppFacts): boolean => !wanted || [app.title.nl, app.title.en, app.name].some((word) => word?.toLowerCase().includes(wanted));
  return ORDER.map((kind): [Kind, AppFacts[]] => [kind, apps.filter((app) => kindOf(app.name, app.kind) === kind && fits(app))]).filter(([, found]) => found.length > 0 && language !== undefined);
}

export function Palette({ apps, onAdd, route }: { apps: readonly AppFacts[]; onAdd: (app: AppFacts) => void; route: string }) {
  const { t, language } = useWords();
  const [query, setQuery] = useState("");
  const groups = grouped(apps, query, language);
  return (
    <section className="palette" aria-label={t("editor.palette")}>
      <div className="search">
        <Search size={15} aria-hidden />
        <input className="input" data-find-app type="search" value={query} placeholder={t("editor.find")} aria-label={t("editor.find")} onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => { if (event.key === "Enter") { const first = groups[0]?.[1][0]; if (first) { onAdd(first); setQuery(""); } } else if (event.key === "Escape") { setQuery(""); event.currentTarget.blur(); } }} />
        {!query && <span className="kbd" aria-hidden>/</span>}
      </div>
      {groups.map(([kind, found]) => (
        <div key={kind}>
          <h2>{t(`kind.${kind}`)}</h2>
          {found.map((app) => <PaletteApp key={app.name} app={app} refused={!!refusal(app.name, route, "")} onAdd={() => onAdd(app)} />)}
        </div>
      ))}
      <p className="foot">{t("editor.hint")}</p>
    </section>
  );
}

function PaletteApp({ app, refused, onAdd }: { app: AppFacts; refused: boolean; onAdd: () => void }) {
  const { t, language } = useWords();
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const element = ref.current;
    if (!element || refused) return;
    return draggable({
      element,
      getInitialData: () => ({ app: app.name, title: titleOf(app, language), moving: "" }),
      onGenerateDragPreview: ({ nativeSetDragImage }) => disableNativeDragPreview({ nativeSetDragImage }),
    });
  }, [app, refused, language]);
  return (
    <button ref={ref} type="button" className={`app${refused ? " refused" : ""}`} aria-disabled={refused} title={refused ? t("editor.refuse_webhook") : app.help[language]?.split("\n")[0]} data-palette={app.name} onClick={() => { if (!refused) onAdd(); }}>
      <Tile app={app.name} small />{titleOf(app, language)}
    </button>
  );
}

/** The same list as a pop-up, at a plus on the rail or by `/`. */
export function AddList({ apps, at, route, onPick, onClose }: { apps: readonly AppFacts[]; at: { x: number; y: number }; route: string; onPick: (app: AppFacts) => void; onClose: () => void }) {
  const { t, language } = useWords();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const ref = useRef<HTMLDivElement>(null);
  const groups = grouped(apps.filter((app) => !refusal(app.name, route, "")), query, language);
  const flat = groups.flatMap(([, found]) => found);
  useEffect(() => {
    const element = ref.current!;
    element.showPopover();
    const size = element.getBoundingClientRect();
    element.style.left = `${Math.max(8, Math.min(at.x, innerWidth - size.width - 8))}px`;
    element.style.top = `${Math.max(8, Math.min(at.y, innerHeight - size.height - 8))}px`;
    element.querySelector("input")?.focus();
  }, [at]);
  return createPortal(
    <div ref={ref} className="menu" popover="auto" onToggle={(event) => { if ((event.nativeEvent as ToggleEvent).newState === "closed") onClose(); }}>
      <input className="input" value={query} placeholder={t("editor.find")} aria-label={t("editor.find")} role="combobox" aria-expanded="true" aria-controls="add-list" aria-activedescendant={flat[chosen] ? `add-${flat[chosen].name}` : undefined}
        onChange={(event) => { setQuery(event.target.value); setChosen(0); }}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); setChosen((chosen + (event.key === "ArrowDown" ? 1 : -1) + flat.length) % Math.max(1, flat.length)); }
          else if (event.key === "Enter" && flat[chosen]) { event.preventDefault(); onPick(flat[chosen]); }
        }} />
      <div id="add-list" role="listbox" aria-label={t("editor.palette")}>
        {groups.map(([kind, found]) => (
          <div key={kind} role="group" aria-label={t(`kind.${kind}`)}>
            <p className="quiet" style={{ padding: "6px 9px 2px", fontSize: 12, fontWeight: 600 }} aria-hidden>{t(`kind.${kind}`)}</p>
            {found.map((app) => <button key={app.name} id={`add-${app.name}`} type="button" role="option" aria-selected={flat[chosen] === app} tabIndex={-1} style={flat[chosen] === app ? { background: "var(--sunk)" } : undefined} onClick={() => onPick(app)}><Tile app={app.name} small />{titleOf(app, language)}</button>)}
          </div>
        ))}
      </div>
    </div>,
    document.body,
  );
}
