/** The server's routes. Every failure is an ApiError whose text is one line for people. */

import type { Box } from "../model/geometry";
import type { RunLengths } from "./rle";

export interface Instance {
  readonly id: number;
  readonly label: string;
  readonly score: number;
  readonly box: Box;
  readonly area: number;
  readonly segmentation: RunLengths;
}

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly state: "queued" | "running" | "done" | "failed" | "cancelled";
  readonly done: number;
  readonly total: number;
  readonly error: ErrorBody | null;
  readonly result: string | null;
  readonly report: Record<string, unknown> | null;
}

interface ErrorBody {
  readonly error: string;
  readonly message: string;
  readonly fix: string | null;
}

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly kind: string,
  ) {
    super(message);
  }
}

export interface Answer {
  readonly file: Blob;
  readonly name: string;
  readonly report: Record<string, unknown> | null;
}

/** For what there are networks. */
export type Networks = Readonly<Record<"people" | "matting" | "defects" | "fill" | "colour", boolean>>;

export type Follow = (job: Job) => void;

/** What the page needs done; by a server, or in the page itself (local/backend.ts). */
export interface Backend {
  setToken(token: string): void;
  networks(): Promise<Networks>;
  preview(file: Blob, name: string, side: number, signal?: AbortSignal): Promise<Answer>;
  segment(file: Blob, name: string, signal?: AbortSignal): Promise<Instance[]>;
  work(route: string, form: FormData, follow: Follow, signal: AbortSignal): Promise<Answer>;
}

const ROOT = "./api/v1";

export class Client implements Backend {
  constructor(private token: string | null = sessionStorage.getItem("token")) {}

  /** Remembers the token for this tab only. */
  setToken(token: string): void {
    this.token = token;
    sessionStorage.setItem("token", token);
  }

  async networks(): Promise<Networks> {
    return ((await (await this.send("/health", {})).json()) as { networks: Networks }).networks;
  }

  /** Picture size, and a version that every browser shows. */
  async preview(file: Blob, name: string, side: number, signal?: AbortSignal): Promise<Answer> {
    const form = new FormData();
    form.set("image", file, name);
    form.set("side", String(side));
    return this.picture(await this.send("/preview", { method: "POST", body: form, signal }));
  }

  async segment(file: Blob, name: string, signal?: AbortSignal): Promise<Instance[]> {
    const form = new FormData();
    form.set("image", file, name);
    const answer = await this.send("/segment", { method: "POST", body: form, signal });
    return ((await answer.json()) as { instances: Instance[] }).instances;
  }

  /** Queues work, follows it to its end and returns what it made. */
  async work(route: string, form: FormData, follow: Follow, signal: AbortSignal): Promise<Answer> {
    const begun = await this.send(`/${route}?wait=false`, { method: "POST", body: form, signal });
    const { id } = (await begun.json()) as Job;
    signal.addEventListener("abort", () => void this.callOff(id), { once: true });
    for await (const job of this.events(id, signal)) follow(job);
    const answer = await this.picture(await this.send(`/jobs/${id}/result`, { signal }));
    const job = (await (await this.send(`/jobs/${id}`, { signal })).json()) as Job;
    return { ...answer, report: job.report };
  }

  private async callOff(id: string): Promise<void> {
    await this.send(`/jobs/${id}`, { method: "DELETE" }).catch(() => undefined);
  }

  /** Server-sent events by fetch, because EventSource cannot send the token. */
  private async *events(id: string, signal: AbortSignal): AsyncGenerator<Job> {
    const answer = await this.send(`/jobs/${id}/events`, { signal });
    if (!answer.body) return;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("data:")) yield JSON.parse(line.slice(5)) as Job;
    }
  }

  private async send(path: string, options: RequestInit): Promise<Response> {
    const headers = new Headers(options.headers);
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    let answer: Response;
    try {
      answer = await fetch(ROOT + path, { ...options, headers });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new ApiError("the server does not answer", 0, "Unreachable");
    }
    if (answer.ok) return answer;
    const body = (await answer.json().catch(() => null)) as ErrorBody | null;
    throw new ApiError(body?.message ?? `the server answered ${answer.status}`, answer.status, body?.error ?? "Error");
  }

  private async picture(answer: Response): Promise<Answer> {
    const disposition = answer.headers.get("content-disposition") ?? "";
    const encoded = /filename\*=UTF-8''([^;]+)/.exec(disposition)?.[1];
    const report = answer.headers.get("x-cleanplate-report");
    return {
      file: await answer.blob(),
      name: encoded ? decodeURIComponent(encoded) : "result",
      report: report ? (JSON.parse(report) as Record<string, unknown>) : null,
    };
  }
}
