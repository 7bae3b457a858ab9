/** The tools of the erase tab and their settings. */

import { t } from "../i18n";
import { canErase, canRedo, canUndo, clearSelection, lastRequest, people, redo, step, undo } from "../model/document";
import { download, eraseSelection, networks, tryAgain } from "../model/actions";
import { brush, comparing, divider, grow, tool, type Tool } from "../model/tools";
import { busy } from "../model/work";
import { MaskButtons } from "./MaskButtons";

export const TOOLS: readonly (readonly [Tool, string, string])[] = [
  ["people", "people", "P"],
  ["box", "box", "B"],
  ["lasso", "lasso", "L"],
  ["brush", "brush", "D"],
  ["rubber", "rubber", "E"],
  ["hand", "hand", "H"],
];

export function Toolbar() {
  const idle = busy.value === null;
  return (
    <aside class="panel" aria-label={t("erase")}>
      <ToolChoice tools={TOOLS} />
      {tool.value === "people" && <p class="hint">{peopleText()}</p>}
      <BrushSettings />
      <Slider
        label={t("grow")}
        least={-1}
        most={60}
        value={grow.value ?? -1}
        shown={grow.value === null ? t("automatic") : `${grow.value} px`}
        set={(pixels) => (grow.value = pixels < 0 ? null : pixels)}
      />
      <button type="button" class="main" data-action="erase" disabled={!idle || !canErase.value} onClick={() => void eraseSelection(grow.value)}>
        {t("run")}
      </button>
      <button type="button" data-action="again" disabled={!idle || !lastRequest.value} onClick={() => void tryAgain()}>
        {t("again")}
      </button>
      <div class="row">
        <button type="button" data-action="undo" disabled={!idle || !canUndo.value} onClick={undo}>
          {t("undo")}
        </button>
        <button type="button" data-action="redo" disabled={!idle || !canRedo.value} onClick={redo}>
          {t("redo")}
        </button>
      </div>
      <button type="button" disabled={!idle || !step.value?.selection.length} onClick={clearSelection}>
        {t("clear")}
      </button>
      <MaskButtons />
      <Compare />
      <button type="button" data-action="download" disabled={!idle} onClick={download}>
        {t("download")}
      </button>
    </aside>
  );
}

/** Which tool the pointer is. */
export function ToolChoice({ tools }: { readonly tools: typeof TOOLS }) {
  return (
    <div class="tools" role="radiogroup">
      {tools.map(([name, text, key]) => (
        <button
          type="button"
          role="radio"
          aria-checked={tool.value === name}
          data-tool={name}
          title={`${t(text as "box")} (${key})`}
          onClick={() => (tool.value = name)}
        >
          {t(text as "box")}
        </button>
      ))}
    </div>
  );
}

export function BrushSettings() {
  if (tool.value !== "brush" && tool.value !== "rubber") return null;
  return (
    <>
      <Slider label={t("size")} least={2} most={300} value={Math.round(brush.value.size)} set={(size) => (brush.value = { ...brush.value, size })} />
      <Slider
        label={t("hardness")}
        least={0}
        most={100}
        value={Math.round(brush.value.hardness * 100)}
        set={(share) => (brush.value = { ...brush.value, hardness: share / 100 })}
      />
    </>
  );
}

function peopleText(): string {
  if (!networks.value.people) return t("noPeopleNetwork");
  const found = people.value;
  if (!found) return t("looking");
  if (!found.length) return t("nobody");
  return found.length === 1 ? t("foundOne") : t("found", { count: found.length });
}

/** Shows what was, while it is held. */
export function HoldToCompare() {
  return (
    <button
      type="button"
      data-action="hold"
      onPointerDown={() => (comparing.value = true)}
      onPointerUp={() => (comparing.value = false)}
      onPointerLeave={() => (comparing.value = false)}
      onKeyDown={(event) => event.key === " " && (comparing.value = true)}
      onKeyUp={() => (comparing.value = false)}
    >
      {t("hold")}
    </button>
  );
}

function Compare() {
  return (
    <>
      <HoldToCompare />
      <label class="slider">
        <span>{t("compare")}</span>
        <input
          type="range"
          min={0}
          max={100}
          value={Math.round((divider.value ?? 0) * 100)}
          onInput={(event) => {
            const share = Number(event.currentTarget.value) / 100;
            divider.value = share > 0 ? share : null;
          }}
        />
      </label>
    </>
  );
}

interface SliderProps {
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly value: number;
  readonly shown?: string;
  set(value: number): void;
}

export function Slider({ label, least, most, value, shown, set }: SliderProps) {
  return (
    <label class="slider">
      <span>{label}</span>
      <input type="range" min={least} max={most} value={value} onInput={(event) => set(Number(event.currentTarget.value))} />
      <output>{shown ?? value}</output>
    </label>
  );
}
