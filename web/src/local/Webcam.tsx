/** Another background behind whoever sits before the camera, picture by picture, each with the alpha of the one before. */

import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { drawBehind, drawCovering } from "./cameraBackdrop";
import { ask, ready } from "./engine";
import { contextOf, layerOf, pixelsOf } from "./pictures";
import type { Plane } from "./stages/arrays";

const SIDE = 384;
/** Multiples of 32 with about the proportions and SIDE squared pixels. */
function networkSize(width: number, height: number): readonly [number, number] {
  const scale = Math.sqrt((SIDE * SIDE) / (width * height));
  return [Math.max(32, Math.round((width * scale) / 32) * 32), Math.max(32, Math.round((height * scale) / 32) * 32)];
}

export function Webcam() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [problem, setProblem] = useState("");
  const [rate, setRate] = useState(0);
  const [kind, setKind] = useState<"blur" | "colour" | "picture">("blur");
  const [colour, setColour] = useState("#00b140");
  const wanted = useRef({ with: "blur:12", picture: null as ImageBitmap | null });
  const picture = useRef<ImageBitmap | null>(null);
  wanted.current = { with: kind === "colour" ? colour : "blur:12", picture: kind === "picture" ? picture.current : null };

  const start = async (): Promise<void> => {
    setProblem("");
    try {
      await ready("video").catch(() => ready("matting"));
      setStream(await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } }, audio: false }));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  useEffect(() => {
    if (!stream || !canvas.current) return;
    let going = true;
    const shown = canvas.current;
    const stop = (error?: unknown): void => {
      going = false;
      if (error) setProblem(error instanceof Error ? error.message : String(error));
    };
    void live(stream, shown, () => going, () => wanted.current, setRate).catch(stop);
    return () => {
      stop();
      for (const track of stream.getTracks()) track.stop();
    };
  }, [stream]);
  return (
    <main class="work">
      <canvas ref={canvas} class="stage webcam" data-frames="0" />
      <aside class="panel">
        <button type="button" class="main" data-action="camera" onClick={() => (stream ? setStream(null) : void start())}>
          {stream ? t("stopCamera") : t("startCamera")}
        </button>
        <div class="tools" role="radiogroup">
          {(["blur", "colour", "picture"] as const).map((each) => (
            <button type="button" role="radio" aria-checked={kind === each} data-kind={each} onClick={() => setKind(each)}>
              {t(each)}
            </button>
          ))}
        </div>
        {kind === "colour" && <input type="color" aria-label={t("colour")} value={colour} onInput={(event) => setColour(event.currentTarget.value)} />}
        {kind === "picture" && (
          <input
            type="file"
            accept="image/*"
            aria-label={t("picture")}
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) void createImageBitmap(file).then((read) => (wanted.current.picture = picture.current = read));
            }}
          />
        )}
        {stream && <p class="hint">{t("cameraRate", { rate: rate.toFixed(1) })}</p>}
        {problem && <p class="problem" role="alert">{problem}</p>}
      </aside>
    </main>
  );
}

async function live(
  stream: MediaStream, shown: HTMLCanvasElement, going: () => boolean,
  wanted: () => { with: string; picture: ImageBitmap | null }, told: (rate: number) => void,
): Promise<void> {
  const video = document.createElement("video");
  video.srcObject = stream;
  video.muted = true;
  await video.play();
  const [width, height] = [video.videoWidth, video.videoHeight];
  const small = contextOf(...networkSize(width, height));
  const behind = contextOf(width, height);
  const person = contextOf(width, height);
  [shown.width, shown.height] = [width, height];
  shown.style.objectFit = "contain";
  const context = shown.getContext("2d");
  if (!context) throw new Error("this browser cannot draw");
  let previous: Plane | null = null;
  for (let frames = 1, began = performance.now(); going(); frames++) {
    // The frame is kept, so that picture and alpha belong together.
    const frame = await createImageBitmap(video);
    small.drawImage(frame, 0, 0, small.canvas.width, small.canvas.height);
    const { picture } = pixelsOf(await createImageBitmap(small.canvas));
    const alpha: Plane = await ask<Plane>({ kind: "frame", image: picture, previous });
    previous = alpha;
    const choice = wanted();
    if (choice.picture) drawCovering(behind, choice.picture);
    else drawBehind(behind, frame, choice.with);
    person.globalCompositeOperation = "copy";
    person.drawImage(layerOf(picture, (place) => Math.round(alpha.data[place]! * 255)), 0, 0, width, height);
    person.globalCompositeOperation = "source-in";
    person.drawImage(frame, 0, 0);
    context.drawImage(behind.canvas, 0, 0);
    context.drawImage(person.canvas, 0, 0);
    frame.close();
    shown.dataset.frames = String(frames);
    told((1000 * frames) / (performance.now() - began));
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}
