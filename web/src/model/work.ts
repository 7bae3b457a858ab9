/** What the page is doing at the moment, and what went wrong last. */

import { signal } from "@preact/signals";
import { ApiError } from "../api/client";

export interface Busy {
  readonly done: number;
  readonly total: number;
  stop(): void;
}

export const busy = signal<Busy | null>(null);
export const message = signal<{ readonly text: string; readonly bad: boolean } | null>(null);
export const needsToken = signal(false);

/** What could not be done without the token. */
let refused: (() => Promise<void>) | null = null;

/** Does now what was refused for want of the token. */
export async function retryRefused(): Promise<void> {
  const work = refused;
  refused = null;
  await work?.();
}

/** Runs one piece of work at a time; what fails is said, what is stopped is not. */
export async function run(work: (signal: AbortSignal) => Promise<void>, failed: (text: string) => string): Promise<void> {
  if (busy.value) return;
  const control = new AbortController();
  busy.value = { done: 0, total: 0, stop: () => control.abort() };
  message.value = null;
  try {
    await work(control.signal);
  } catch (error) {
    if (control.signal.aborted) return;
    if (error instanceof ApiError && error.status === 401) {
      needsToken.value = true;
      refused = () => run(work, failed);
    } else message.value = { text: failed(error instanceof Error ? error.message : String(error)), bad: true };
  } finally {
    busy.value = null;
  }
}

export function progress(done: number, total: number): void {
  if (busy.value) busy.value = { ...busy.value, done, total };
}
