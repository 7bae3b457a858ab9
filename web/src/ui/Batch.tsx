/** Many photos at once: a list, one task for all, results one by one or together. */

import { t } from "../i18n";
import { networks, save } from "../model/actions";
import {
  addFiles,
  BATCH_TASKS,
  batchDone,
  batchTask,
  clearItems,
  items,
  removeItem,
  runBatch,
  saveAll,
  stopBatch,
  type BatchTask,
  type Item,
} from "../model/batch";
import { useAddress } from "./Shown";

export function Batch() {
  const all = items.value;
  return (
    <main class="work">
      {all.length ? (
        <ul class="items" aria-label={t("photos")}>
          {all.map((item) => (
            <Row key={item.id} item={item} />
          ))}
        </ul>
      ) : (
        <div class="welcome">
          <p>{t("dropSeveral")}</p>
          <FilesInput main />
        </div>
      )}
      <Panel />
    </main>
  );
}

function FilesInput({ main = false }: { readonly main?: boolean }) {
  return (
    <label class={main ? "button main" : "button"}>
      {t("addPhotos")}
      <input
        type="file"
        multiple
        accept="image/*,.heic,.heif,.tif,.tiff,.avif"
        data-action="add-photos"
        onChange={(event) => {
          addFiles(event.currentTarget.files ?? []);
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}

function Panel() {
  const running = stopBatch.value !== null;
  const count = items.value.length;
  return (
    <aside class="panel" aria-label={t("batch")}>
      <div class="tools one" role="radiogroup" aria-label={t("task")}>
        {BATCH_TASKS.map((task) => (
          <button
            type="button"
            role="radio"
            aria-checked={batchTask.value === task}
            data-task={task}
            disabled={running || (task === "restore" && !networks.value.defects)}
            onClick={() => (batchTask.value = task)}
          >
            {t(taskText(task))}
          </button>
        ))}
      </div>
      {running ? (
        <button type="button" class="main" data-action="stop-batch" onClick={() => stopBatch.value?.()}>
          {t("stop")}
        </button>
      ) : (
        <button type="button" class="main" data-action="run-batch" disabled={!count} onClick={() => void runBatch()}>
          {t("runAll")}
        </button>
      )}
      <p class="hint" aria-live="polite" data-done={batchDone.value.length}>
        {count ? t("batchCount", { done: batchDone.value.length, total: count }) : ""}
      </p>
      <button type="button" data-action="save-all" disabled={!batchDone.value.length} onClick={() => void saveAll()}>
        {t("downloadAll")}
      </button>
      {count > 0 && <FilesInput />}
      {count > 0 && (
        <button type="button" disabled={running} onClick={clearItems}>
          {t("clearList")}
        </button>
      )}
    </aside>
  );
}

function taskText(task: BatchTask): "passersby" | "everybody" | "cutout" | "blurBehind" | "restore" {
  return task === "blur" ? "blurBehind" : task;
}

function Row({ item }: { readonly item: Item }) {
  const address = useAddress(item.made?.file ?? item.file);
  const made = item.made;
  return (
    <li class={`item ${item.state}`} data-state={item.state}>
      {address && <img src={address} alt="" class="chequered" />}
      <span class="name">{made?.name ?? item.file.name}</span>
      {item.state === "working" && <progress />}
      {item.problem && (
        <span class="problem" role="alert">
          {item.problem}
        </span>
      )}
      {made && (
        <button type="button" onClick={() => save(made.file, made.name)}>
          {t("download")}
        </button>
      )}
      {!made && item.state !== "working" && (
        <button type="button" class="small" aria-label={`${t("remove")} ${item.file.name}`} onClick={() => removeItem(item.id)}>
          ×
        </button>
      )}
    </li>
  );
}
