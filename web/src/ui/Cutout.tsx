/** The tabs that separate a person from what is behind them. */

import { useState } from "preact/hooks";
import { t } from "../i18n";
import { isLocal } from "../local/site";
import { make, networks } from "../model/actions";
import { busy } from "../model/work";
import { Results, useAnswers } from "./Results";
import { Slider } from "./Toolbar";

export function Cutout() {
  const [answers, setAnswers] = useAnswers();
  const [edge, setEdge] = useState<Edge>(SHARP);
  const [trim, setTrim] = useState(false);
  const [matte, setMatte] = useState(false);
  const cut = async (): Promise<void> => {
    const fields = isLocal ? {} : { ...fieldsOf(edge), trim: String(trim), matte_only: String(matte) };
    const answer = await make("cutout", fields);
    if (answer) setAnswers([answer]);
  };
  return (
    <aside class="panel wide" aria-label={t("cutout")}>
      <p class="hint">{t("cutoutHint")}</p>
      <NoNetwork />
      {!isLocal && <EdgeSettings edge={edge} set={setEdge} />}
      {!isLocal && <Choice text={t("trim")} name="trim" checked={trim} set={setTrim} />}
      {!isLocal && <Choice text={t("matteOnly")} name="matte" checked={matte} set={setMatte} />}
      <button type="button" class="main" data-action="cutout" disabled={busy.value !== null} onClick={() => void cut()}>
        {t("cutout")}
      </button>
      <Results answers={answers} />
    </aside>
  );
}

type Kind = "colour" | "picture" | "blur" | "transparent";
const KINDS: readonly Kind[] = ["blur", "colour", "picture", "transparent"];

export function Background() {
  const [answers, setAnswers] = useAnswers();
  const [kind, setKind] = useState<Kind>("blur");
  const [colour, setColour] = useState("#00b140");
  const [strength, setStrength] = useState(12);
  const [picture, setPicture] = useState<File | null>(null);
  const [edge, setEdge] = useState<Edge>(SHARP);
  const replace = async (): Promise<void> => {
    const answer = await make("background", { ...behind(), ...(isLocal ? {} : fieldsOf(edge)) });
    if (answer) setAnswers([answer]);
  };
  function behind(): Record<string, string | Blob> {
    if (kind === "picture" && picture) return { picture };
    return { with: kind === "colour" ? colour : kind === "blur" ? `blur:${strength}` : "transparent" };
  }
  return (
    <aside class="panel wide" aria-label={t("background")}>
      <p class="hint">{t("backgroundHint")}</p>
      <NoNetwork />
      <div class="tools two" role="radiogroup" aria-label={t("background")}>
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
      {!isLocal && <EdgeSettings edge={edge} set={setEdge} />}
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

interface Edge {
  readonly feather: number;
  readonly shift: number;
}

const SHARP: Edge = { feather: 0, shift: 0 };
const fieldsOf = ({ feather, shift }: Edge): Record<string, string> => ({ feather: String(feather), shift_edge: String(shift) });

function EdgeSettings({ edge, set }: { readonly edge: Edge; set(edge: Edge): void }) {
  return (
    <>
      <Slider label={t("feather")} least={0} most={30} value={edge.feather} shown={`${edge.feather} px`} set={(feather) => set({ ...edge, feather })} />
      <Slider label={t("shift")} least={-15} most={15} value={edge.shift} shown={`${edge.shift} px`} set={(shift) => set({ ...edge, shift })} />
    </>
  );
}

interface ChoiceProps {
  readonly text: string;
  readonly name: string;
  readonly checked: boolean;
  set(checked: boolean): void;
}

export function Choice({ text, name, checked, set }: ChoiceProps) {
  return (
    <label class="choice">
      <span>{text}</span>
      <input type="checkbox" data-option={name} checked={checked} onChange={(event) => set(event.currentTarget.checked)} />
    </label>
  );
}

function NoNetwork() {
  return networks.value.matting ? null : <p class="notice">{t(isLocal ? "noNetworkHere" : "noMatting")}</p>;
}
