/** Several photos, one after the other, with the same task. One that fails does not stop the others. */

import { computed, signal } from "@preact/signals";
import { zipSync } from "fflate";
import { ApiError, type Answer } from "../api/client";
import { client, save } from "./actions";
import { needsToken } from "./work";

export type BatchTask = "passersby" | "everybody" | "cutout" | "blur" | "restore";
export const BATCH_TASKS: readonly BatchTask[] = ["passersby", "everybody", "cutout", "blur", "restore"];

const REQUESTS: Readonly<Record<BatchTask, readonly [string, Readonly<Record<string, string>>]>> = {
  passersby: ["erase", { passersby: "true" }],
  everybody: ["erase", { people: "true" }],
  cutout: ["cutout", {}],
  blur: ["background", { with: "blur:12" }],
  restore: ["restore", {}],
};

export interface Item {
  readonly id: number;
  readonly file: File;
  readonly state: "waiting" | "working" | "done" | "failed";
  readonly problem: string | null;
  readonly made: Answer | null;
  /** The task that made it. */
  readonly by: BatchTask | null;
}

export const items = signal<readonly Item[]>([]);
export const batchTask = signal<BatchTask>("passersby");
/** Stops the batch while one is running. */
export const stopBatch = signal<(() => void) | null>(null);
export const batchDone = computed(() => items.value.filter((item) => item.made !== null));

let last = 0;

export function addFiles(files: Iterable<File>): void {
  const added = [...files].map((file): Item => ({ id: ++last, file, state: "waiting", problem: null, made: null, by: null }));
  items.value = [...items.value, ...added];
}

export function removeItem(id: number): void {
  items.value = items.value.filter((item) => item.id !== id || item.state === "working");
}

export function clearItems(): void {
  items.value = items.value.filter((item) => item.state === "working");
}

function change(id: number, changes: Partial<Item>): void {
  items.value = items.value.map((item) => (item.id === id ? { ...item, ...changes } : item));
}

/** Works on all that this task has not been done for; files added meanwhile are taken too. */
export async function runBatch(): Promise<void> {
  if (stopBatch.value) return;
  const control = new AbortController();
  stopBatch.value = () => control.abort();
  const task = batchTask.value;
  items.value = items.value.map((item) =>
    item.made && item.by === task ? item : { ...item, state: "waiting", problem: null, made: null, by: null },
  );
  try {
    for (;;) {
      const next = items.value.find((item) => item.state === "waiting");
      if (!next || control.signal.aborted) return;
      await workOn(next, task, control.signal);
    }
  } finally {
    stopBatch.value = null;
  }
}

async function workOn(item: Item, task: BatchTask, signal: AbortSignal): Promise<void> {
  const [route, fields] = REQUESTS[task];
  change(item.id, { state: "working" });
  try {
    const form = new FormData();
    form.set("image", item.file, item.file.name);
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    change(item.id, { state: "done", by: task, made: await client.work(route, form, () => undefined, signal) });
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) needsToken.value = true;
    const problem = signal.aborted ? null : error instanceof Error ? error.message : String(error);
    change(item.id, { state: problem === null ? "waiting" : "failed", problem });
  }
}

/** All results in one archive; two photos of one name get different ones. */
export async function saveAll(): Promise<void> {
  const files: Record<string, Uint8Array> = {};
  for (const { made } of batchDone.value) {
    if (made) files[free(made.name, files)] = new Uint8Array(await made.file.arrayBuffer());
  }
  // Pictures are compressed already.
  save(new Blob([zipSync(files, { level: 0 }) as Uint8Array<ArrayBuffer>], { type: "application/zip" }), "cleanplate.zip");
}

export function free(name: string, taken: Readonly<Record<string, unknown>>): string {
  const dot = name.lastIndexOf(".");
  const [stem, suffix] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  let found = name;
  for (let number = 2; found in taken; number++) found = `${stem}-${number}${suffix}`;
  return found;
}
