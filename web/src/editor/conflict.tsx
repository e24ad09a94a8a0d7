/** Two people changed the same thing: choose one. Everything else was merged already. */

import { useEffect, useRef, useState } from "react";
import { told } from "../plan/difference";
import { itemAt, itemPathOf } from "../plan/route";
import { plain, sentence } from "../plan/sentence";
import { useWords } from "../words";
import { Dialog, Segments, toast } from "../ui/parts";
import { useDraft } from "./draft";

export function ConflictDialog() {
  const { t, language } = useWords();
  const { draft, state } = useDraft();
  const [choices, setChoices] = useState<Record<string, "mine" | "theirs">>({});
  const merged = useRef(state?.merged ?? 0);
  useEffect(() => {
    if (state && state.merged > merged.current) toast(t("conflict.merged"));
    merged.current = state?.merged ?? 0;
  }, [state?.merged, t]); // eslint-disable-line
  if (!state?.conflicts.length) return null;
  const plan = state.history.now.plan;
  const show = (value: unknown): string => {
    if (value === undefined) return "–";
    if (Array.isArray(value)) return value.map((part) => (part && typeof part === "object" ? plain(sentence(part as never, plan, language).title) : String(part))).join("; ") || "–";
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  const close = (): void => draft.resolve(choices);
  return (
    <Dialog title={t("conflict.title")} more={t("conflict.more")} onClose={close} footer={<div className="row"><span className="grow" /><button type="button" className="button primary" onClick={close}>{t("action.close")}</button></div>}>
      {state.conflicts.map((conflict) => {
        const path = itemPathOf(plan, conflict.path);
        const item = path ? itemAt(plan, path) : undefined;
        const place = told({ path: conflict.path, kind: "changed", before: conflict.mine, after: conflict.theirs }, plan, undefined, language);
        return (
          <section key={conflict.path} className="stack" style={{ gap: 10 }}>
            <h2>{place.place} · {item ? plain(sentence(item, plan, language).title) : place.title}{place.setting ? ` · ${place.setting}` : ""}</h2>
            <Segments label={t("conflict.title")} value={choices[conflict.path] ?? "mine"} options={[["mine", t("conflict.mine")], ["theirs", t("conflict.theirs")]]} onChange={(choice) => setChoices((now) => ({ ...now, [conflict.path]: choice }))} />
            <div className="row" style={{ alignItems: "flex-start", gap: 24 }}>
              <p className="grow"><span className="quiet">{t("conflict.mine")}</span><br />{show(conflict.mine)}</p>
              <p className="grow"><span className="quiet">{t("conflict.theirs")}</span><br />{show(conflict.theirs)}</p>
            </div>
          </section>
        );
      })}
    </Dialog>
  );
}
