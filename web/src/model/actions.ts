/** What a user can do with the open photo. */

import { signal } from "@preact/signals";
import { Client, type Answer, type Backend, type Instance, type Networks } from "../api/client";
import { maskPicture } from "../canvas/maskPicture";
import { t } from "../i18n";
import { LocalBackend } from "../local/backend";
import { isLocal } from "../local/site";
import type { Point, Size } from "./geometry";
import * as document from "./document";
import { forget, keep, kept } from "./keeping";
import { addTo, needsDrawing, type Selection } from "./selection";
import { message, progress, run } from "./work";

export const client: Backend = isLocal ? new LocalBackend() : new Client();

/** For what there are networks; until it is known nothing is said to be missing. */
export const networks = signal<Networks>({ people: true, matting: true, defects: true, fill: true, colour: true });

export function askForNetworks(): Promise<void> {
  return client.networks().then((found) => void (networks.value = found), () => undefined);
}

/** Longest side of what is drawn; the photo itself stays full size on the server. */
const SHOWN_SIDE = 2560;

const failed = (text: string): string => t("failed", { message: text });

async function version(file: Blob, name: string, seed: number, signal?: AbortSignal): Promise<document.Version> {
  const shown = await client.preview(file, name, SHOWN_SIDE, signal);
  const size = shown.report as unknown as Size;
  return { file, name, seed, size, shown: await createImageBitmap(shown.file) };
}

export function open(file: Blob, name: string): Promise<void> {
  return run(async (signal) => {
    document.openVersion(await version(file, name, 0, signal));
    await remember();
  }, failed).then(findPeople);
}

/** Brings back what was open before a reload. */
export async function reopen(): Promise<void> {
  const before = await kept();
  if (!before) return;
  await run(async (signal) => {
    document.openVersion(await version(before.file, before.name, 0, signal), before.selection);
    if (before.original !== before.file) document.original.value = await version(before.original, before.name, 0, signal);
    message.value = { text: t("restored"), bad: false };
  }, failed);
  await findPeople();
}

export async function findPeople(): Promise<void> {
  const shown = document.step.value?.version;
  if (!shown || document.people.value) return;
  let found: readonly Instance[] = [];
  try {
    found = await client.segment(shown.file, shown.name);
  } catch {
    // Without a network for people the other tools still work; the toolbar says so.
  }
  if (document.step.value?.version === shown) document.people.value = found;
}

export function eraseSelection(grow: number | null): Promise<void> {
  const now = document.step.value;
  return now && document.canErase.value ? fill(now.version, now.selection, growing(grow), 0) : Promise.resolve();
}

export function erasePerson(at: Point): Promise<void> {
  const now = document.step.value;
  return now ? fill(now.version, [], { click: `${Math.round(at.x)},${Math.round(at.y)}` }, 0) : Promise.resolve();
}

/** The last fill once more, by chance another one. */
export function tryAgain(): Promise<void> {
  const last = document.lastRequest.value;
  const now = document.step.value;
  return last && now ? fill(last.from, last.selection, last.fields, now.version.seed + 1) : Promise.resolve();
}

function growing(grow: number | null): Record<string, string> {
  return grow === null ? {} : { grow: String(grow) };
}

function fill(from: document.Version, selection: Selection, fields: Readonly<Record<string, string>>, seed: number): Promise<void> {
  return run(async (signal) => {
    const started = performance.now();
    const form = new FormData();
    form.set("image", from.file, from.name);
    form.set("seed", String(seed));
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    addTo(form, needsDrawing(selection) ? [{ kind: "mask", file: await maskPicture(selection, from.size) }] : selection);
    const answer = await client.work("erase", form, (job) => progress(job.done, job.total), signal);
    document.showVersion(await version(answer.file, suffixed(from.name, answer.name), seed, signal));
    document.lastRequest.value = { from, selection, fields };
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    message.value = { text: t("done", { seconds }), bad: false };
    await remember();
  }, failed).then(findPeople);
}

/** Work whose result is shown beside the photo instead of in its place. */
export async function make(route: string, fields: Readonly<Record<string, string | Blob>>): Promise<Answer | null> {
  const now = document.step.value;
  let made: Answer | null = null;
  if (!now) return null;
  await run(async (signal) => {
    const form = new FormData();
    form.set("image", now.version.file, now.version.name);
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    made = await client.work(route, form, (job) => progress(job.done, job.total), signal);
  }, failed);
  return made;
}

/** Makes a result the photo that is worked on; undo goes back. */
export function takeResult(answer: Answer): Promise<void> {
  return run(async (signal) => {
    document.showVersion(await version(answer.file, answer.name, 0, signal));
    await remember();
  }, failed);
}

/** Keeps photo and selection over a reload. */
export async function remember(): Promise<void> {
  const now = document.step.value;
  const first = document.original.value;
  if (now && first) await keep({ file: now.version.file, name: now.version.name, original: first.file, selection: now.selection });
}

export async function closePhoto(): Promise<void> {
  document.close();
  await forget();
}

export function save(file: Blob, name: string): void {
  const link = window.document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A name with the suffix of another: browsers write some types as PNG. */
function suffixed(name: string, like: string): string {
  const suffix = /\.[^.]+$/.exec(like)?.[0];
  return suffix ? name.replace(/\.[^.]*$/, "") + suffix : name;
}

/** The photo as it is now, with the metadata that the server has kept in it. */
export function download(): void {
  const now = document.step.value?.version;
  if (!now) return;
  const dot = now.name.lastIndexOf(".");
  const [stem, suffix] = dot > 0 ? [now.name.slice(0, dot), now.name.slice(dot)] : [now.name, ""];
  save(now.file, `${stem}-clean${suffix}`);
}
