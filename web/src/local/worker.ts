/** The work that would keep the page from answering: filling and networks. One request at a time, in order. */

import { behindOf, over, type Behind } from "./matting/backdrop";
import { foregroundColours } from "./matting/foreground";
import { portrait } from "./matting/portrait";
import { refine } from "./matting/refine";
import { alphaOf, Network, people } from "./networks";
import { automaticGrowth, fill, grown } from "./stages/fill";
import type { Mask, Picture, Plane } from "./stages/arrays";

export type Feature = "matting" | "video" | "people";

/** Share of the grown rim over which the fill is blended with what was there. */
const SEAM_SHARE = 0.5;

export interface Cutout {
  readonly colours: Picture;
  readonly alpha: Plane;
}

export type Order =
  | { kind: "open"; feature: Feature; bytes: Uint8Array }
  | { kind: "fill"; image: Picture; hole: Mask; seed: number; grow: number | null }
  | { kind: "cutout"; image: Picture }
  | { kind: "background"; image: Picture; behind: Behind }
  | { kind: "frame"; image: Picture; previous: Plane | null }
  | { kind: "people"; image: Picture };

const networks = new Map<Feature, Network>();

function network(...features: Feature[]): Network {
  const found = features.map((feature) => networks.get(feature)).find((each) => each !== undefined);
  if (!found) throw new Error("the network is not loaded");
  return found;
}

async function done(order: Order, progress: (done: number, total: number) => void): Promise<unknown> {
  switch (order.kind) {
    case "open":
      return void networks.set(order.feature, await Network.open(order.bytes));
    case "fill":
      return filled(order.image, order.hole, order.seed, order.grow, progress);
    case "cutout":
      return cut(order.image);
    case "background": {
      const { colours, alpha } = await cut(order.image);
      return over(colours, alpha, behindOf(order.image, alpha, order.behind));
    }
    case "frame":
      return alphaOf(order.image, network("video", "matting"), order.previous);
    case "people":
      return people(order.image, network("people"));
  }
}

/** People's own colours and their alpha, at the full size of the picture. */
async function cut(image: Picture): Promise<Cutout> {
  const open = network("matting", "video");
  const small = await portrait(image, (picture) => alphaOf(picture, open, null));
  if (!small.data.some((value) => value > 0)) throw new Error("no person was found in the picture");
  const alpha = refine(image, small);
  return { colours: foregroundColours(image, alpha), alpha };
}

function filled(image: Picture, selection: Mask, seed: number, grow: number | null, progress: (done: number, total: number) => void): Picture {
  if (!selection.data.includes(1)) throw new Error("nothing is selected");
  const rim = grow ?? automaticGrowth(selection);
  const hole = grown(selection, rim);
  if (!hole.data.includes(0)) throw new Error("everything is selected, so nothing is left to continue from");
  return fill(image, hole, { seed, seam: SEAM_SHARE * rim, progress });
}

let queue = Promise.resolve();
self.onmessage = (event: MessageEvent<{ id: number; order: Order }>) => {
  const { id, order } = event.data;
  queue = queue.then(async () => {
    try {
      const result = await done(order, (at, total) => self.postMessage({ id, progress: [at, total] }));
      self.postMessage({ id, result });
    } catch (error) {
      self.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
    }
  });
};
