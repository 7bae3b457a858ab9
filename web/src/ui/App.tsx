/** The whole page. */

import { useEffect, useRef } from "preact/hooks";
import { Stage } from "../canvas/Stage";
import { language, setLanguage, t } from "../i18n";
import { Networks } from "../local/Networks";
import { isLocal } from "../local/site";
import { Webcam } from "../local/Webcam";
import { askForNetworks, closePhoto, open, reopen } from "../model/actions";
import { addFiles } from "../model/batch";
import { isClip, openClip } from "../model/clip";
import { step } from "../model/document";
import { tab, type Tab } from "../model/tools";
import { message } from "../model/work";
import { Batch } from "./Batch";
import { Background, Cutout } from "./Cutout";
import { Restore } from "./Restore";
import { shortcuts } from "./shortcuts";
import { Status } from "./Status";
import { Toolbar } from "./Toolbar";
import { Video } from "./Video";
import { Welcome } from "./Welcome";

/** Restoring and video files need the server; the webcam is for the page that works alone. */
const TABS: readonly Tab[] = isLocal
  ? ["erase", "cutout", "background", "webcam"]
  : ["erase", "cutout", "background", "restore", "video", "batch"];

/** One photo is opened, several make a batch, a clip goes to its tab. */
function take(files: readonly File[]): void {
  const [first] = files;
  if (!first) return;
  if (isLocal) void open(first, first.name || "pasted.png");
  else if (isClip(first)) {
    openClip(first);
    tab.value = "video";
  } else if (files.length > 1 || tab.value === "batch") {
    addFiles(files.filter((file) => !isClip(file)));
    tab.value = "batch";
  } else {
    if (tab.value === "video") tab.value = "erase";
    void open(first, first.name || "pasted.png");
  }
}

function choose(next: Tab): void {
  tab.value = next;
  // What went wrong in one tab is no news in another.
  message.value = null;
}

export function App() {
  const help = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    void askForNetworks();
    void reopen();
    const stop = shortcuts(() => help.current?.showModal());
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      if (event.type === "drop") take([...(event.dataTransfer?.files ?? [])]);
    };
    const paste = (event: ClipboardEvent): void => {
      take([...(event.clipboardData?.files ?? [])]);
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
  const ownFiles = tab.value === "video" || tab.value === "batch" || tab.value === "webcam";
  return (
    <div class="page">
      <header>
        <h1>{t("title")}</h1>
        <nav role="tablist">
          {TABS.map((each) => (
            <button type="button" role="tab" aria-selected={tab.value === each} data-tab={each} onClick={() => choose(each)}>
              {t(each)}
            </button>
          ))}
        </nav>
        <span class="space" />
        {isLocal && <Networks />}
        {opened && !ownFiles && (
          <button type="button" data-action="close" onClick={() => void closePhoto()}>
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
      {tab.value === "video" && <Video />}
      {tab.value === "batch" && <Batch />}
      {tab.value === "webcam" && <Webcam />}
      {!ownFiles && !opened && <Welcome />}
      {!ownFiles && opened && (
        <main class="work">
          <Stage />
          {tab.value === "erase" && <Toolbar />}
          {tab.value === "cutout" && <Cutout />}
          {tab.value === "background" && <Background />}
          {tab.value === "restore" && <Restore />}
        </main>
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
