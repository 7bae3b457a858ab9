/** Runs networks with onnxruntime-web: by WebGPU where there is one, else WASM; threads where the page may have them. */

import type { InferenceSession, Tensor } from "onnxruntime-web";
import { scaledPicture, tensorOf } from "./scale";
import type { Picture, Plane } from "./stages/arrays";

type Runtime = typeof import("onnxruntime-web");

const PEOPLE_SIDE = 640;
const MIN_SCORE = 0.5;
const PERSON = 1;

let loading: Promise<{ ort: Runtime; providers: string[] }> | null = null;

async function load(): Promise<{ ort: Runtime; providers: string[] }> {
  const gpu = (navigator as unknown as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
  const adapter = gpu ? await gpu.requestAdapter().catch(() => null) : null;
  const ort = (adapter ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm")) as unknown as Runtime;
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  ort.env.logLevel = "error";
  return { ort, providers: adapter ? ["webgpu", "wasm"] : ["wasm"] };
}

export class Network {
  private constructor(
    private readonly ort: Runtime,
    private readonly session: InferenceSession,
  ) {}

  static async open(bytes: Uint8Array): Promise<Network> {
    const { ort, providers } = await (loading ??= load());
    return new Network(ort, await ort.InferenceSession.create(bytes, { executionProviders: providers }));
  }

  get takesPrevious(): boolean {
    return this.session.inputNames.includes("previous");
  }

  async run(feeds: Record<string, { data: Float32Array; dims: number[] }>): Promise<Record<string, Tensor>> {
    const tensors = Object.entries(feeds).map(([name, { data, dims }]) => [name, new this.ort.Tensor("float32", data, dims)] as const);
    return (await this.session.run(Object.fromEntries(tensors))) as Record<string, Tensor>;
  }
}

/** One step at the picture's own size; `previous` is the alpha of the frame before, padded as this one. */
export async function alphaOf(small: Picture, network: Network, previous: Plane | null): Promise<Plane> {
  const { data, width, height } = tensorOf(small, "reflect");
  const feeds: Record<string, { data: Float32Array; dims: number[] }> = { image: { data, dims: [1, 3, height, width] } };
  if (network.takesPrevious) {
    const before = new Float32Array(width * height);
    if (previous && previous.width === small.width && previous.height === small.height) {
      for (let y = 0; y < small.height; y++) before.set(previous.data.subarray(y * small.width, (y + 1) * small.width), y * width);
    }
    feeds.previous = { data: before, dims: [1, 1, height, width] };
  }
  const answer = (await network.run(feeds)).alpha;
  if (!answer) throw new Error("these weights are no matting network: they have no output 'alpha'");
  const alpha = (await answer.getData()) as Float32Array;
  const result = new Float32Array(small.width * small.height);
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) result[y * small.width + x] = Math.min(1, Math.max(0, alpha[y * width + x]!));
  }
  return { width: small.width, height: small.height, data: result };
}

export interface Person {
  /** Left, top, right, bottom in pixels of the picture; not rounded. */
  readonly box: readonly [number, number, number, number];
  readonly score: number;
  /** Share of each cell of the box. */
  readonly mask: Plane;
}

export async function people(picture: Picture, network: Network): Promise<Person[]> {
  const scale = Math.min(1, PEOPLE_SIDE / Math.max(picture.width, picture.height));
  const small = scale < 1 ? scaledPicture(picture, Math.round(picture.width * scale), Math.round(picture.height * scale)) : picture;
  const { data, width, height } = tensorOf(small, "edge");
  const answer = await network.run({ image: { data, dims: [1, 3, height, width] } });
  const { boxes, labels, scores, masks } = answer;
  if (!boxes || !labels || !scores || !masks) throw new Error("these weights are no network that finds people");
  const [flat, kinds, sure, cells] = await Promise.all([boxes.getData(), labels.getData(), scores.getData(), masks.getData()]);
  const side = masks.dims[masks.dims.length - 1] ?? 28;
  const found: Person[] = [];
  const across = picture.width / small.width;
  const down = picture.height / small.height;
  for (let k = 0; k < sure.length; k++) {
    if (Number(sure[k]) < MIN_SCORE || Number(kinds[k]) !== PERSON) continue;
    const at = (i: number, factor: number, most: number): number => Math.min(most, Math.max(0, Number(flat[4 * k + i]) * factor));
    const box = [at(0, across, picture.width), at(1, down, picture.height), at(2, across, picture.width), at(3, down, picture.height)] as const;
    if (box[2] - box[0] < 1 || box[3] - box[1] < 1) continue;
    found.push({ box, score: Number(sure[k]), mask: { width: side, height: side, data: (cells as Float32Array).slice(k * side * side, (k + 1) * side * side) } });
  }
  return found.sort((a, b) => a.box[0] - b.box[0]);
}
