/** What cutting out, a new background or restoring has made: look at it in the photo's place, compare, save. */

import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../api/client";
import { t } from "../i18n";
import { client, save } from "../model/actions";
import { step } from "../model/document";
import { chosen, looked } from "../model/tools";
import { useAddress } from "./Shown";
import { HoldToCompare } from "./Toolbar";

/** Longest side of a result on the stage. */
const SIDE = 2560;

interface Props {
  readonly answers: readonly Answer[];
  /** Makes a result the photo that is worked on; without it results are only saved. */
  readonly take?: (answer: Answer) => void;
}

/** What was made of the photo as it is; another version of it has no results yet. */
export function useAnswers(): readonly [readonly Answer[], (made: readonly Answer[]) => void] {
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const version = step.value?.version;
  useEffect(() => setAnswers([]), [version]);
  return [answers, setAnswers];
}

export function Results({ answers, take }: Props) {
  const version = step.value?.version;
  useEffect(() => void (chosen.value = null), [version]);
  useEffect(() => void (chosen.value = answers[0] ?? null), [answers]);
  useLook(chosen.value);
  if (!answers.length) return null;
  return (
    <section class="results" aria-label={t("results")}>
      <HoldToCompare />
      {answers.map((answer) => (
        <Result key={answer.name} answer={answer} take={take} pressed={answer === chosen.value} />
      ))}
    </section>
  );
}

interface ResultProps {
  readonly answer: Answer;
  readonly take: Props["take"];
  readonly pressed: boolean;
}

function Result({ answer, take, pressed }: ResultProps) {
  const toggle = (): void => void (chosen.value = pressed ? null : answer);
  const address = useAddress(useShown(answer));
  return (
    <figure>
      <button type="button" class="thumbnail" aria-pressed={pressed} aria-label={answer.name} onClick={toggle}>
        {address && <img src={address} alt={answer.name} class="chequered" />}
      </button>
      <figcaption>
        <span>{answer.name}</span>
        {take && (
          <button type="button" data-action="take" onClick={() => take(answer)}>
            {t("takeResult")}
          </button>
        )}
        <button type="button" data-action="save" onClick={() => save(answer.file, answer.name)}>
          {t("download")}
        </button>
      </figcaption>
    </figure>
  );
}

const isShown = (file: Blob): boolean => /^image\/(jpeg|png|webp|bmp|avif)$/.test(file.type);

/** What the browser can show of a result: itself, or for TIFF and HEIC a preview by the server. */
function useShown(answer: Answer): Blob | null {
  const [shown, setShown] = useState<Blob | null>(null);
  useEffect(() => {
    if (isShown(answer.file)) return setShown(answer.file);
    let current = true;
    client.preview(answer.file, answer.name, 1024).then(
      (preview) => current && setShown(preview.file),
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [answer]);
  return shown;
}

/** Puts a result of the photo's proportions on the stage, as long as this is on the page. */
function useLook(answer: Answer | null): void {
  useEffect(() => {
    let current = true;
    const size = step.value?.version.size;
    if (answer && size) {
      void bitmapOf(answer).then(
        (bitmap) => {
          if (current && Math.abs(bitmap.width / bitmap.height / (size.width / size.height) - 1) < 0.01) looked.value = bitmap;
        },
        () => undefined,
      );
    }
    return () => {
      current = false;
      looked.value = null;
    };
  }, [answer]);
}

async function bitmapOf(answer: Answer): Promise<ImageBitmap> {
  const file = isShown(answer.file) ? answer.file : (await client.preview(answer.file, answer.name, SIDE)).file;
  const size = step.value?.version.size;
  if (!size || Math.max(size.width, size.height) <= SIDE) return createImageBitmap(file);
  return size.width > size.height
    ? createImageBitmap(file, { resizeWidth: SIDE, resizeQuality: "high" })
    : createImageBitmap(file, { resizeHeight: SIDE, resizeQuality: "high" });
}
