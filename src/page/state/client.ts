import type { PageSettings } from "../../http/admin/page-routes.ts";
import type { ServiceExplanation } from "../../http/admin/explain.ts";
import type { OriginalsPage } from "../../media/originals/list.ts";

/** The answer to a request for an image, or for its description. */
export interface FetchedImage {
  readonly blob: Blob;
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** The time at work, in milliseconds. */
  readonly ms: number | undefined;
}

interface ImageOptions {
  readonly signal?: AbortSignal | undefined;
  /** The service stores the variant; otherwise it makes it and forgets it. */
  readonly isKept?: boolean;
}

/** An answer other than success; the message is that of the service. */
class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** As the `<img>` of a browser asks. */
const ACCEPT_IMAGES = "image/avif,image/webp,image/*,*/*;q=0.8";

/** Asks the routes of the service with the token. Images come as bytes: an `<img>` cannot send a token. */
export class Client {
  readonly #token: string;
  /** The end of the measurements before: one at a time, so that they do not slow each other down. */
  #measured: Promise<unknown> = Promise.resolve();

  constructor(token: string) {
    this.#token = token;
  }

  settings(): Promise<PageSettings> {
    return this.#json("/-/settings");
  }

  list(query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<OriginalsPage> {
    return this.#json(`/-/originals?${new URLSearchParams(query)}`, { signal: signal ?? null });
  }

  explain(path: string, signal: AbortSignal): Promise<ServiceExplanation> {
    return this.#json(`/-/explain${path}`, { signal, headers: { accept: ACCEPT_IMAGES } });
  }

  /** The signatures of paths, as the `sign` of `createUrls` has them. */
  async sign(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const body = JSON.stringify({ paths });
    const { signatures } = await this.#json<{ readonly signatures: readonly string[] }>("/-/sign", {
      method: "POST",
      body,
    });
    return new Map(paths.map((path, index) => [path, signatures[index] ?? ""]));
  }

  /** Puts a file under a key; the library refuses what is no image, and a key that is taken. */
  async upload(key: string, file: File): Promise<void> {
    const query = new URLSearchParams({ key, name: file.name });
    await this.#ask(`/-/media?${query}`, { method: "POST", body: file });
  }

  async image(path: string, { signal, isKept = false }: ImageOptions = {}): Promise<FetchedImage> {
    const answer = await this.#ask(`/-/images${path}${isKept ? "" : "?keep=no"}`, {
      signal: signal ?? null,
      headers: { accept: ACCEPT_IMAGES },
    });
    const blob = await answer.blob();
    const timings = answer.headers.get("server-timing") ?? "";
    return { blob, type: blob.type, size: blob.size, ms: readMilliseconds(timings) };
  }

  /** The same for a measurement, after those that were asked for before. */
  measure(path: string, signal: AbortSignal): Promise<FetchedImage> {
    const measured = this.#measured.then(() => {
      signal.throwIfAborted();
      return this.image(path, { signal });
    });
    this.#measured = measured.catch(() => undefined);
    return measured;
  }

  async #json<T>(path: string, init?: RequestInit): Promise<T> {
    const answer = await this.#ask(path, init);
    return (await answer.json()) as T; // the routes have these types
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${this.#token}`);
    const answer = await fetch(path, { ...init, headers });
    if (answer.ok) return answer;
    const problem = (await answer.json().catch(() => undefined)) as
      | { readonly message?: string }
      | undefined; // errors of the service are JSON, those of a proxy may be anything
    throw new ServiceError(
      answer.status,
      problem?.message ?? `the service answered ${answer.status}`,
    );
  }
}

/** The time of the work alone, from `Server-Timing`. */
function readMilliseconds(timings: string): number | undefined {
  const ms = /decode-encode;dur=([\d.]+)/.exec(timings)?.[1];
  return ms === undefined ? undefined : Number(ms);
}
