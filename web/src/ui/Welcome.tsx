/** Before a photo is open. */

import { t } from "../i18n";
import { open } from "../model/actions";
import { needsToken } from "../model/work";

export function Welcome() {
  return (
    <main class="welcome">
      <p>{t("drop")}</p>
      <label class="button main">
        {t("open")}
        <input
          type="file"
          accept="image/*,.heic,.heif,.tif,.tiff,.avif"
          data-action="open"
          disabled={needsToken.value}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) void open(file, file.name);
            // So that the same file can be chosen again.
            event.currentTarget.value = "";
          }}
        />
      </label>
      <p class="hint">{t("private")}</p>
    </main>
  );
}
