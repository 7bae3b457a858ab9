/** The whole page. */

import { useEffect, useRef } from "preact/hooks";
import { Stage } from "../canvas/Stage";
import { language, setLanguage, t } from "../i18n";
import { closePhoto, open, reopen } from "../model/actions";
import { step } from "../model/document";
import { tab, type Tab } from "../model/tools";
import { Background, Cutout } from "./Cutout";
import { shortcuts } from "./shortcuts";
import { Status } from "./Status";
import { Toolbar } from "./Toolbar";
import { Welcome } from "./Welcome";

const TABS: readonly Tab[] = ["erase", "cutout", "background"];

export function App() {
  const help = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    void reopen();
    const stop = shortcuts(() => help.current?.showModal());
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (event.type === "drop" && file) void open(file, file.name);
    };
    const paste = (event: ClipboardEvent): void => {
      const file = event.clipboardData?.files[0];
      if (file) void open(file, file.name || "pasted.png");
    };
    window.addEventListener("dragover", drop);
    window.addEventListener("drop", drop);
    window.addEventListener("paste", paste);
    return () => {
      stop();
      window.removeEventListener("dragover", drop);
      window.removeEventListener("drop", drop);
      window.removeEventListener("paste", paste);
    };
  }, []);

  const opened = step.value !== null;
  return (
    <div class="page">
      <header>
        <h1>{t("title")}</h1>
        {opened && (
          <nav role="tablist">
            {TABS.map((each) => (
              <button type="button" role="tab" aria-selected={tab.value === each} data-tab={each} onClick={() => (tab.value = each)}>
                {t(each)}
              </button>
            ))}
          </nav>
        )}
        <span class="space" />
        {opened && (
          <button type="button" onClick={() => void closePhoto()}>
            {t("close")}
          </button>
        )}
        <button type="button" onClick={() => help.current?.showModal()}>
          {t("help")}
        </button>
        <button type="button" onClick={() => setLanguage(language.value === "en" ? "zh" : "en")}>
          {t("language")}
        </button>
      </header>
      {opened ? (
        <main class="work">
          <Stage />
          {tab.value === "erase" && <Toolbar />}
          {tab.value === "cutout" && <Cutout />}
          {tab.value === "background" && <Background />}
        </main>
      ) : (
        <Welcome />
      )}
      <Status />
      <dialog ref={help} aria-label={t("help")}>
        <ul>
          {t("shortcutList")
            .split(" · ")
            .map((line) => (
              <li>{line}</li>
            ))}
        </ul>
        <form method="dialog">
          <button type="submit">{t("dismiss")}</button>
        </form>
      </dialog>
    </div>
  );
}
