/** The tabs that separate a person from what is behind them. */

import { useState } from "preact/hooks";
import type { Answer } from "../api/client";
import { t } from "../i18n";
import { make } from "../model/actions";
import { busy } from "../model/work";
import { Results } from "./Results";
import { Slider } from "./Toolbar";

export function Cutout() {
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const cut = async (): Promise<void> => {
    const answer = await make("cutout", {});
    if (answer) setAnswers([answer]);
  };
  return (
    <aside class="panel wide">
      <button type="button" class="main" data-action="cutout" disabled={busy.value !== null} onClick={() => void cut()}>
        {t("cutout")}
      </button>
      <Results answers={answers} />
    </aside>
  );
}

type Kind = "colour" | "picture" | "blur" | "transparent";
const KINDS: readonly Kind[] = ["colour", "picture", "blur", "transparent"];

export function Background() {
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const [kind, setKind] = useState<Kind>("blur");
  const [colour, setColour] = useState("#00b140");
  const [strength, setStrength] = useState(12);
  const [picture, setPicture] = useState<File | null>(null);
  const replace = async (): Promise<void> => {
    const answer = await make("background", fields());
    if (answer) setAnswers([answer]);
  };
  function fields(): Record<string, string | Blob> {
    if (kind === "picture" && picture) return { picture };
    return { with: kind === "colour" ? colour : kind === "blur" ? `blur:${strength}` : "transparent" };
  }
  return (
    <aside class="panel wide">
      <div class="tools" role="radiogroup">
        {KINDS.map((each) => (
          <button type="button" role="radio" aria-checked={kind === each} data-kind={each} onClick={() => setKind(each)}>
            {t(each)}
          </button>
        ))}
      </div>
      {kind === "colour" && (
        <input type="color" aria-label={t("colour")} value={colour} onInput={(event) => setColour(event.currentTarget.value)} />
      )}
      {kind === "blur" && <Slider label={t("strength")} least={1} most={60} value={strength} set={setStrength} />}
      {kind === "picture" && (
        <input type="file" accept="image/*" aria-label={t("picture")} onChange={(event) => setPicture(event.currentTarget.files?.[0] ?? null)} />
      )}
      <button
        type="button"
        class="main"
        data-action="background"
        disabled={busy.value !== null || (kind === "picture" && !picture)}
        onClick={() => void replace()}
      >
        {t("make")}
      </button>
      <Results answers={answers} />
    </aside>
  );
}
