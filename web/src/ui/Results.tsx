/** What cutting out, a new background or restoring has made: look, compare, save. */

import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../api/client";
import { t } from "../i18n";
import { save } from "../model/actions";

export function Results({ answers }: { readonly answers: readonly Answer[] }) {
  if (!answers.length) return null;
  return (
    <section class="results" aria-label={t("results")}>
      {answers.map((answer) => (
        <Result key={answer.name} answer={answer} />
      ))}
    </section>
  );
}

function Result({ answer }: { readonly answer: Answer }) {
  const [address, setAddress] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(answer.file);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [answer]);
  return (
    <figure>
      {address && <img src={address} alt={answer.name} class="chequered" />}
      <figcaption>
        <span>{answer.name}</span>
        <button type="button" onClick={() => save(answer.file, answer.name)}>
          {t("download")}
        </button>
      </figcaption>
    </figure>
  );
}
