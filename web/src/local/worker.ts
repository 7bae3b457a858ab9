/** The work that would keep the page from answering: filling and networks. One request at a time, in order. */

import { enlargedAlpha, matte, people, alphaOf, Network } from "./networks";
import { automaticGrowth, fill, grown } from "./stages/fill";
import type { Mask, Picture, Plane } from "./stages/arrays";

export type Feature = "matting" | "video" | "people";

export type Order =
  | { kind: "open"; feature: Feature; bytes: Uint8Array }
  | { kind: "fill"; image: Picture; hole: Mask; seed: number; grow: number | null }
  | { kind: "matte"; image: Picture; size: "small" | "full" }
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
    case "matte": {
      const alpha = await matte(order.image, network("matting", "video"));
      return order.size === "small" ? alpha : enlargedAlpha(alpha, order.image.width, order.image.height);
    }
    case "frame":
      return alphaOf(order.image, network("video", "matting"), order.previous);
    case "people":
      return people(order.image, network("people"));
  }
}

function filled(image: Picture, selection: Mask, seed: number, grow: number | null, progress: (done: number, total: number) => void): Picture {
  if (!selection.data.includes(1)) throw new Error("nothing is selected");
  const hole = grown(selection, grow ?? automaticGrowth(selection));
  if (!hole.data.includes(0)) throw new Error("everything is selected, so nothing is left to continue from");
  return fill(image, hole, seed, progress);
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
