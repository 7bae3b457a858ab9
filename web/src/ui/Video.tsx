/** A clip: open it, choose what stands behind the person, watch the progress, look at the result. */

import { useState } from "preact/hooks";
import { t } from "../i18n";
import { save } from "../model/actions";
import { clip, clipMade, clipProblem, clipWork, makeClip, openClip } from "../model/clip";
import { useAddress } from "./Shown";
import { Slider } from "./Toolbar";

type Behind = "blur" | "colour" | "picture" | "transparent";
const BEHIND: readonly Behind[] = ["blur", "colour", "picture", "transparent"];
const PRESETS = ["fast", "balanced", "best"] as const;

export function Video() {
  return (
    <main class="work">
      <Screens />
      <Settings />
    </main>
  );
}

function Screens() {
  const before = useAddress(clip.value);
  const after = useAddress(clipMade.value?.file ?? null);
  if (!clip.value) {
    return (
      <div class="welcome">
        <p>{t("dropClip")}</p>
        <ClipInput main />
        <p class="hint">{t("clipTypes")}</p>
      </div>
    );
  }
  return (
    <div class="screens">
      {before && (
        <figure>
          <figcaption>{t("before")}</figcaption>
          <video src={before} controls muted playsInline data-screen="before" />
        </figure>
      )}
      {after && (
        <figure>
          <figcaption>{t("after")}</figcaption>
          <video src={after} controls playsInline loop class="chequered" data-screen="after" />
        </figure>
      )}
    </div>
  );
}

function ClipInput({ main = false }: { readonly main?: boolean }) {
  return (
    <label class={main ? "button main" : "button"}>
      {t("openClip")}
      <input
        type="file"
        accept="video/*,.mkv,.avi,.mov"
        data-action="open-clip"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) openClip(file);
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}

function Settings() {
  const [behind, setBehind] = useState<Behind>("blur");
  const [colour, setColour] = useState("#00b140");
  const [strength, setStrength] = useState(12);
  const [picture, setPicture] = useState<File | null>(null);
  const [preset, setPreset] = useState<(typeof PRESETS)[number]>("balanced");
  const [sound, setSound] = useState(true);
  function fields(): Record<string, string | Blob> {
    const common = { preset, sound: String(sound) };
    if (behind === "picture" && picture) return { ...common, picture };
    if (behind === "transparent") return { ...common, alpha: "vp9" };
    return { ...common, with: behind === "colour" ? colour : `blur:${strength}` };
  }
  const ready = clip.value !== null && clipWork.value === null && (behind !== "picture" || picture !== null);
  return (
    <aside class="panel" aria-label={t("video")}>
      {clip.value && <p class="hint">{clip.value.name}</p>}
      <div class="tools two" role="radiogroup" aria-label={t("background")}>
        {BEHIND.map((each) => (
          <button type="button" role="radio" aria-checked={behind === each} data-behind={each} onClick={() => setBehind(each)}>
            {t(each)}
          </button>
        ))}
      </div>
      {behind === "colour" && (
        <input type="color" aria-label={t("colour")} value={colour} onInput={(event) => setColour(event.currentTarget.value)} />
      )}
      {behind === "blur" && <Slider label={t("strength")} least={1} most={60} value={strength} set={setStrength} />}
      {behind === "picture" && (
        <input type="file" accept="image/*" aria-label={t("picture")} onChange={(event) => setPicture(event.currentTarget.files?.[0] ?? null)} />
      )}
      <label class="choice">
        <span>{t("quality")}</span>
        <select value={preset} onChange={(event) => setPreset(event.currentTarget.value as typeof preset)}>
          {PRESETS.map((each) => (
            <option value={each}>{t(each)}</option>
          ))}
        </select>
      </label>
      <label class="choice">
        <span>{t("sound")}</span>
        <input type="checkbox" checked={sound} onChange={(event) => setSound(event.currentTarget.checked)} />
      </label>
      <button type="button" class="main" data-action="video" disabled={!ready} onClick={() => void makeClip(fields())}>
        {t("make")}
      </button>
      <ClipState />
      {clipMade.value && (
        <button type="button" data-action="download-clip" onClick={() => clipMade.value && save(clipMade.value.file, clipMade.value.name)}>
          {t("download")}
        </button>
      )}
      {clip.value && <ClipInput />}
    </aside>
  );
}

function ClipState() {
  const doing = clipWork.value;
  return (
    <div aria-live="polite">
      {doing && (
        <div class="progress">
          <progress {...(doing.total ? { max: doing.total, value: doing.done } : {})} />
          <span>{doing.uploading ? t("uploading") : doing.total ? t("frames", { done: doing.done, total: doing.total }) : t("waiting")}</span>
          <button type="button" data-action="stop-clip" onClick={doing.stop}>
            {t("stop")}
          </button>
        </div>
      )}
      {clipProblem.value && (
        <p class="problem" role="alert">
          {t("failed", { message: clipProblem.value })}
        </p>
      )}
    </div>
  );
}
