/** The open clip and what was made of it. Clips take minutes, so they do not keep photos waiting: they have their own
 * state beside that of the photo. */

import { signal } from "@preact/signals";
import { ApiError, type Answer } from "../api/client";
import { client } from "./actions";
import { needsToken } from "./work";

export interface ClipWork {
  readonly done: number;
  readonly total: number;
  readonly uploading: boolean;
  stop(): void;
}

export const clip = signal<File | null>(null);
export const clipMade = signal<Answer | null>(null);
export const clipWork = signal<ClipWork | null>(null);
export const clipProblem = signal<string | null>(null);

export const isClip = (file: File): boolean => file.type.startsWith("video/") || /\.(mp4|m4v|mov|mkv|webm|avi)$/i.test(file.name);

export function openClip(file: File): void {
  clipWork.value?.stop();
  clip.value = file;
  clipMade.value = null;
  clipProblem.value = null;
}

export async function makeClip(fields: Readonly<Record<string, string | Blob>>): Promise<void> {
  const source = clip.value;
  if (!source || clipWork.value) return;
  const control = new AbortController();
  const state = (done: number, total: number, uploading: boolean): ClipWork => ({ done, total, uploading, stop: () => control.abort() });
  clipWork.value = state(0, 0, true);
  clipMade.value = null;
  clipProblem.value = null;
  try {
    const form = new FormData();
    form.set("clip", source, source.name);
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    const made = await client.work("video", form, (job) => (clipWork.value = state(job.done, job.total, false)), control.signal);
    if (clip.value === source) clipMade.value = made;
  } catch (error) {
    if (control.signal.aborted) return;
    if (error instanceof ApiError && error.status === 401) needsToken.value = true;
    else clipProblem.value = error instanceof Error ? error.message : String(error);
  } finally {
    clipWork.value = null;
  }
}
