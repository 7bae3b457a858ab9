/** How the user looks at the photo and marks it. */

import { computed, signal } from "@preact/signals";
import type { Answer } from "../api/client";
import type { View } from "./geometry";

export type Tool = "people" | "box" | "lasso" | "brush" | "rubber" | "hand";
export type Tab = "erase" | "cutout" | "background" | "restore" | "video" | "batch" | "webcam";

export const tab = signal<Tab>("erase");
export const tool = signal<Tool>("people");
/** What the pointer does on the photo: people are erased in the first tab only, and the others without marks just move. */
export const activeTool = computed<Tool>(() => {
  if (tab.value === "erase") return tool.value;
  return tab.value === "restore" && tool.value !== "people" ? tool.value : "hand";
});
export const view = signal<View | null>(null);
/** Diameter in pixels of the screen, and share of the radius that is hard. */
export const brush = signal({ size: 40, hardness: 1 });
/** Pixels by which the selection is grown; null leaves it to the server. */
export const grow = signal<number | null>(null);
/** The result that is looked at in the photo's place, and what is drawn of it. */
export const chosen = signal<Answer | null>(null);
export const looked = signal<ImageBitmap | null>(null);
/** The original is shown instead of the photo. */
export const comparing = signal(false);
/** Where the line between original and photo lies, 0..1 of the width; null for none. */
export const divider = signal<number | null>(null);
