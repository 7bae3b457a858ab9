/** Old photographs: find the damage, correct what was found with the brush, restore, go on with a result. */

import { unzipSync } from "fflate";
import { useState } from "preact/hooks";
import type { Answer } from "../api/client";
import { maskPicture } from "../canvas/maskPicture";
import { t } from "../i18n";
import { make, networks, remember, takeResult } from "../model/actions";
import { addMark, canRedo, canUndo, clearSelection, redo, step, undo } from "../model/document";
import { busy } from "../model/work";
import { Choice } from "./Cutout";
import { MaskButtons } from "./MaskButtons";
import { Results } from "./Results";
import { BrushSettings, Slider, ToolChoice, TOOLS } from "./Toolbar";

const MARKING = TOOLS.filter(([name]) => name !== "people");

export function Restore() {
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const [sensitivity, setSensitivity] = useState(50);
  const [colour, setColour] = useState(false);
  const [fading, setFading] = useState(false);
  const now = step.value;
  const idle = busy.value === null;
  const marked = (now?.selection.length ?? 0) > 0;

  async function find(): Promise<void> {
    const found = await make("restore", { result: "defects", sensitivity: String(sensitivity / 100) });
    if (!found) return;
    clearSelection();
    addMark({ kind: "mask", file: found.file });
    await remember();
  }

  async function restore(): Promise<void> {
    if (!now) return;
    const fields: Record<string, string | Blob> = {
      result: "all",
      sensitivity: String(sensitivity / 100),
      colour: String(colour && networks.value.colour),
      fading: String(fading),
    };
    if (marked) fields["mask"] = await maskPicture(now.selection, now.version.size);
    const archive = await make("restore", fields);
    if (archive) setAnswers(await unpacked(archive));
  }

  return (
    <aside class="panel wide" aria-label={t("restore")}>
      <p class="hint">{t("damageHint")}</p>
      {!networks.value.defects && <p class="notice">{t("noDefects")}</p>}
      {!networks.value.fill && <p class="notice">{t("noFill")}</p>}
      {!networks.value.colour && <p class="notice">{t("noColour")}</p>}
      <Slider label={t("sensitivity")} least={0} most={100} value={sensitivity} set={setSensitivity} />
      <button type="button" data-action="find-damage" disabled={!idle || !networks.value.defects} onClick={() => void find()}>
        {t("findDamage")}
      </button>
      <ToolChoice tools={MARKING} />
      <BrushSettings />
      <div class="row">
        <button type="button" disabled={!idle || !canUndo.value} onClick={undo}>
          {t("undo")}
        </button>
        <button type="button" disabled={!idle || !canRedo.value} onClick={redo}>
          {t("redo")}
        </button>
        <button type="button" disabled={!idle || !marked} onClick={clearSelection}>
          {t("clear")}
        </button>
      </div>
      <MaskButtons />
      {networks.value.colour && <Choice text={t("inColour")} name="colour" checked={colour} set={setColour} />}
      <Choice text={t("unfade")} name="fading" checked={fading} set={setFading} />
      <button type="button" class="main" data-action="restore" disabled={!idle || (!marked && !networks.value.defects)} onClick={() => void restore()}>
        {t("restoreRun")}
      </button>
      {!marked && networks.value.defects && <p class="hint">{t("nothingToRestore")}</p>}
      <Results answers={answers} take={(answer) => void takeResult(answer)} />
    </aside>
  );
}

const TYPES: Readonly<Record<string, string>> = { jpg: "jpeg", jpeg: "jpeg", png: "png", webp: "webp", bmp: "bmp", avif: "avif" };

/** The pictures of an archive, in the order in which the server names them. */
async function unpacked(archive: Answer): Promise<Answer[]> {
  const files = unzipSync(new Uint8Array(await archive.file.arrayBuffer()));
  return Object.entries(files).map(([name, data]) => {
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "tiff";
    return { name, file: new Blob([data as Uint8Array<ArrayBuffer>], { type: `image/${type}` }), report: archive.report };
  });
}
