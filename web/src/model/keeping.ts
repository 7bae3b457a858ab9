/** Keeps the open photo and its selection in the browser's database, so that a reload loses nothing. */

import { del, get, set } from "idb-keyval";
import type { Selection } from "./selection";

export interface Kept {
  readonly file: Blob;
  readonly name: string;
  readonly original: Blob;
  readonly selection: Selection;
}

const KEY = "open-photo";

/** A full or forbidden database (private windows) must not stop the work: the photo is then just not kept. */
export async function keep(photo: Kept): Promise<void> {
  await set(KEY, photo).catch(() => undefined);
}

export async function kept(): Promise<Kept | null> {
  return (await get<Kept>(KEY).catch(() => null)) ?? null;
}

export async function forget(): Promise<void> {
  await del(KEY).catch(() => undefined);
}
