/** The worker and the networks that it has: those of the site, and the user's own files. */

import { get, keys, set } from "idb-keyval";
import { ApiError } from "../api/client";
import type { Feature, Order } from "./worker";

interface Weights {
  readonly feature: Feature;
  readonly file: string;
  readonly name: string;
  readonly licence: string;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
  progress(done: number, total: number): void;
}

let worker: Worker | null = null;
let last = 0;
const waiting = new Map<number, Waiting>();
const opened = new Map<Feature, Promise<void>>();

function start(): Worker {
  const made = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  made.onmessage = (event: MessageEvent<{ id: number; result?: unknown; error?: string; progress?: [number, number] }>) => {
    const { id, result, error, progress } = event.data;
    const each = waiting.get(id);
    if (!each) return;
    if (progress) return each.progress(...progress);
    waiting.delete(id);
    if (error === undefined) each.resolve(result);
    else each.reject(new ApiError(error, 422, "Local"));
  };
  made.onerror = (event) => stop(new ApiError(event.message || "the worker did not start", 500, "Local"));
  return made;
}

/** Ends the worker with what it is doing; the next order starts another. */
function stop(error: Error): void {
  worker?.terminate();
  worker = null;
  opened.clear();
  for (const each of waiting.values()) each.reject(error);
  waiting.clear();
}

export function ask<Result>(order: Order, signal?: AbortSignal, progress: Waiting["progress"] = () => undefined): Promise<Result> {
  worker ??= start();
  const id = ++last;
  const abort = (): void => stop(new DOMException("stopped", "AbortError"));
  signal?.addEventListener("abort", abort, { once: true });
  return new Promise<Result>((resolve, reject) => {
    waiting.set(id, { resolve: resolve as (result: unknown) => void, reject, progress });
    worker?.postMessage({ id, order });
  }).finally(() => signal?.removeEventListener("abort", abort));
}

/** Loads the network for a feature once; an error in words where there is none. */
export function ready(feature: Feature): Promise<void> {
  let loading = opened.get(feature);
  if (!loading) {
    loading = load(feature);
    opened.set(feature, loading);
    loading.catch(() => opened.delete(feature));
  }
  return loading;
}

async function load(feature: Feature): Promise<void> {
  const own = await get<Blob>(`weights-${feature}`).catch(() => undefined);
  const bytes = own ? new Uint8Array(await own.arrayBuffer()) : await fromSite(feature);
  if (!bytes) throw new ApiError(`this site has no network for this (${feature}); choose an ONNX file under Networks`, 404, "NoWeights");
  await ask({ kind: "open", feature, bytes });
}

async function fromSite(feature: Feature): Promise<Uint8Array | null> {
  const listed = (await manifest()).find((each) => each.feature === feature);
  if (!listed) return null;
  const answer = await fetch(`./weights/${listed.file}`);
  if (!answer.ok) throw new ApiError(`${listed.file} cannot be loaded (${answer.status})`, answer.status, "NoWeights");
  return new Uint8Array(await answer.arrayBuffer());
}

/** For what the user has chosen files of their own. */
export async function ownFeatures(): Promise<Feature[]> {
  const kept: unknown[] = await keys().catch(() => []);
  return (["matting", "video", "people"] as const).filter((feature) => kept.includes(`weights-${feature}`));
}

export async function manifest(): Promise<readonly Weights[]> {
  const answer = await fetch("./manifest.json");
  return answer.ok ? ((await answer.json()) as { weights: Weights[] }).weights : [];
}

/** Takes the user's own file for a feature, and keeps it in this browser. */
export async function useOwn(feature: Feature, file: Blob): Promise<void> {
  await ask({ kind: "open", feature, bytes: new Uint8Array(await file.arrayBuffer()) });
  opened.set(feature, Promise.resolve());
  await set(`weights-${feature}`, file).catch(() => undefined);
}
