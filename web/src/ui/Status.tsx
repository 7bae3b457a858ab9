/** What is going on, what went wrong, and the question for the token. */

import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { client, findPeople } from "../model/actions";
import { busy, message, needsToken, retryRefused } from "../model/work";

/** Milliseconds for which good news stay. */
const SEEN = 5000;

export function Status() {
  const doing = busy.value;
  const said = message.value;
  useEffect(() => {
    if (!said || said.bad) return;
    const timer = setTimeout(() => message.value === said && (message.value = null), SEEN);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div class="status" aria-live="polite">
      {doing && (
        <div class="note working">
          <progress {...(doing.total ? { max: doing.total, value: doing.done } : {})} />
          <span>{doing.total ? t("working", { done: doing.done, total: doing.total }) : t("waiting")}</span>
          <button type="button" data-action="stop" onClick={doing.stop}>
            {t("stop")}
          </button>
        </div>
      )}
      {!doing && said && (
        <div class={said.bad ? "note bad" : "note"} role={said.bad ? "alert" : undefined}>
          <span>{said.text}</span>
          <button type="button" aria-label={t("dismiss")} onClick={() => (message.value = null)}>
            ×
          </button>
        </div>
      )}
      {needsToken.value && <TokenQuestion />}
    </div>
  );
}

function TokenQuestion() {
  const [typed, setTyped] = useState("");
  return (
    <form
      class="note"
      onSubmit={(event) => {
        event.preventDefault();
        client.setToken(typed.trim());
        needsToken.value = false;
        void retryRefused().then(findPeople);
      }}
    >
      <label>
        {t("token")}{" "}
        <input type="password" autocomplete="current-password" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <button type="submit">{t("enter")}</button>
    </form>
  );
}
