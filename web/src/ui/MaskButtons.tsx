/** Save what is marked as a picture, and load it again. */

import { maskPicture } from "../canvas/maskPicture";
import { t } from "../i18n";
import { addMark, step } from "../model/document";
import { remember, save } from "../model/actions";

export function MaskButtons() {
  const now = step.value;
  async function store(): Promise<void> {
    if (!now) return;
    save(await maskPicture(now.selection, now.version.size), `${now.version.name.replace(/\.[^.]*$/, "")}-mask.png`);
  }
  return (
    <div class="row">
      <button type="button" data-action="save-mask" disabled={!now?.selection.length} onClick={() => void store()}>
        {t("saveMask")}
      </button>
      <label class="button">
        {t("loadMask")}
        <input
          type="file"
          accept="image/*"
          data-action="load-mask"
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
