/** The open photo: its versions, what is marked on it, who was found in it. Signals, so that the page follows. */

import { computed, signal } from "@preact/signals";
import type { Instance } from "../api/client";
import { begun, redone, stepped, undone, type History } from "./history";
import { selects, type Mark, type Selection } from "./selection";
import type { Size } from "./geometry";

/** One version of the photo. */
export interface Version {
  readonly file: Blob;
  /** Shown in its place: upright and of a size that every browser draws. */
  readonly shown: ImageBitmap;
  readonly size: Size;
  readonly name: string;
  /** Which fill made it; another gives another result. */
  readonly seed: number;
}

/** What undo goes back to: a version, and what is marked on it. */
export interface Step {
  readonly version: Version;
  readonly selection: Selection;
}

/** What the last fill was asked for, so that another one can be tried. */
export interface Request {
  readonly from: Version;
  readonly selection: Selection;
  readonly fields: Readonly<Record<string, string>>;
}

export const history = signal<History<Step> | null>(null);
export const original = signal<Version | null>(null);
export const people = signal<readonly Instance[] | null>(null);
export const lastRequest = signal<Request | null>(null);

export const step = computed(() => history.value?.present ?? null);
export const canUndo = computed(() => (history.value?.past.length ?? 0) > 0);
export const canRedo = computed(() => (history.value?.future.length ?? 0) > 0);
export const canErase = computed(() => (step.value ? selects(step.value.selection) : false));

export function openVersion(version: Version, selection: Selection = []): void {
  history.value = begun({ version, selection });
  original.value = version;
  people.value = null;
  lastRequest.value = null;
}

export function addMark(mark: Mark): void {
  const now = history.value;
  if (now) history.value = stepped(now, { ...now.present, selection: [...now.present.selection, mark] });
}

export function clearSelection(): void {
  const now = history.value;
  if (now?.present.selection.length) history.value = stepped(now, { ...now.present, selection: [] });
}

export function showVersion(version: Version): void {
  const now = history.value;
  if (!now) return;
  history.value = stepped(now, { version, selection: [] });
  people.value = null;
}

export function undo(): void {
  move(undone);
}

export function redo(): void {
  move(redone);
}

function move(way: (from: History<Step>) => History<Step>): void {
  const now = history.value;
  if (!now) return;
  const next = way(now);
  // People are known of one version only.
  if (next.present.version !== now.present.version) people.value = null;
  history.value = next;
}

export function close(): void {
  history.value = null;
  original.value = null;
  people.value = null;
  lastRequest.value = null;
}
