/** Save what is marked as a picture, and load it again. */

import { drawSelection } from "../canvas/draw";
import { t } from "../i18n";
import { addMark, step } from "../model/document";
import { remember, save } from "../model/actions";

export function MaskButtons() {
  const now = step.value;
  async function store(): Promise<void> {
    if (!now) return;
    const canvas = new OffscreenCanvas(now.version.size.width, now.version.size.height);
    const context = canvas.getContext("2d");
    if (!context) return;
    drawSelection(context as unknown as CanvasRenderingContext2D, now.selection, { scale: 1, x: 0, y: 0 });
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "black";
    context.fillRect(0, 0, canvas.width, canvas.height);
    save(await canvas.convertToBlob({ type: "image/png" }), `${now.version.name.replace(/\.[^.]*$/, "")}-mask.png`);
  }
  return (
    <div class="row">
      <button type="button" disabled={!now?.selection.length} onClick={() => void store()}>
        {t("saveMask")}
      </button>
      <label class="button">
        {t("loadMask")}
        <input
          type="file"
          accept="image/*"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) addMark({ kind: "mask", file });
            event.currentTarget.value = "";
            void remember();
          }}
        />
      </label>
    </div>
  );
}
