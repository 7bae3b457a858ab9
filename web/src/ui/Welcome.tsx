/** Before a photo is open. */

import { t } from "../i18n";
import { isLocal } from "../local/site";
import { open } from "../model/actions";
import { tab } from "../model/tools";
import { needsToken } from "../model/work";

const onThisMachine = (): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);

export function Welcome() {
  return (
    <main class="welcome frame">
      <h2>{t(tab.value === "erase" ? "welcomeErase" : tab.value === "cutout" ? "welcomeCutout" : tab.value === "background" ? "welcomeBackground" : "welcomeRestore")}</h2>
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
      <p class="hint">{t(isLocal ? "privateLocal" : onThisMachine() ? "private" : "privateServer")}</p>
    </main>
  );
}
