/** What cutting out, a new background or restoring has made: look, compare, save. */

import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../api/client";
import { t } from "../i18n";
import { client, save } from "../model/actions";
import { useAddress } from "./Shown";

interface Props {
  readonly answers: readonly Answer[];
  /** Makes a result the photo that is worked on; without it results are only saved. */
  readonly take?: (answer: Answer) => void;
}

export function Results({ answers, take }: Props) {
  if (!answers.length) return null;
  return (
    <section class="results" aria-label={t("results")}>
      {answers.map((answer) => (
        <Result key={answer.name} answer={answer} take={take} />
      ))}
    </section>
  );
}

function Result({ answer, take }: { readonly answer: Answer; readonly take: Props["take"] }) {
  const shown = useShown(answer);
  const address = useAddress(shown);
  return (
    <figure>
      {address && <img src={address} alt={answer.name} class="chequered" />}
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

/** What the browser can show of a result: itself, or for TIFF and HEIC a preview by the server. */
function useShown(answer: Answer): Blob | null {
  const [shown, setShown] = useState<Blob | null>(null);
  useEffect(() => {
    if (/^image\/(jpeg|png|webp|bmp|avif)$/.test(answer.file.type)) return setShown(answer.file);
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
