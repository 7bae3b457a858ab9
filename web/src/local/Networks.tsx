/** Which networks this site has, under which licence; and the user's own in their place. */

import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { askForNetworks, findPeople } from "../model/actions";
import { message } from "../model/work";
import { manifest, useOwn } from "./engine";
import type { Feature } from "./worker";

const FEATURES: readonly (readonly [Feature, "cutout" | "webcam" | "people"])[] = [["matting", "cutout"], ["video", "webcam"], ["people", "people"]];

export function Networks() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [names, setNames] = useState<Partial<Record<Feature, string>>>({});
  useEffect(() => {
    manifest().then(
      (weights) => setNames(Object.fromEntries(weights.map((each) => [each.feature, `${each.name} (${each.licence}), ${t("ofSite")}`]))),
      () => undefined,
    );
  }, []);
  const choose = (feature: Feature, file: File | undefined): void => {
    if (!file) return;
    useOwn(feature, file).then(
      () => {
        setNames((before) => ({ ...before, [feature]: file.name }));
        void askForNetworks();
        if (feature === "people") void findPeople();
      },
      (error: Error) => (message.value = { text: `${file.name}: ${error.message}`, bad: true }),
    );
  };
  return (
    <>
      <button type="button" data-action="networks" onClick={() => dialog.current?.showModal()}>
        {t("networks")}
      </button>
      <dialog ref={dialog} aria-label={t("networks")}>
        <p class="hint">{t("networksHint")}</p>
        {FEATURES.map(([feature, text]) => (
          <p class="choice">
            <span>
              {t(text)}: {names[feature] ?? t("missing")}
            </span>
            <label class="button">
              {t("ownFile")}
              <input type="file" accept=".onnx" data-weights={feature} onChange={(event) => choose(feature, event.currentTarget.files?.[0])} />
            </label>
          </p>
        ))}
        <form method="dialog">
          <button type="submit">{t("dismiss")}</button>
        </form>
      </dialog>
    </>
  );
}
