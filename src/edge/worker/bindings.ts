/*
 * The part of Cloudflare's API that the Worker uses. Tests compare it with Cloudflare's own types.
 */

/** An R2 object without its bytes. */
export interface BucketObject {
  /** In double quotes. */
  readonly httpEtag: string;
  readonly size: number;
  readonly uploaded: Date;
  readonly httpMetadata?: { readonly contentType?: string };
  readonly customMetadata?: Readonly<Record<string, string>>;
}

export interface BucketBody extends BucketObject {
  readonly body: ReadableStream<Uint8Array>;
}

/** The reading part of an R2 bucket. */
export interface ReadBucket {
  head(key: string): Promise<BucketObject | null>;
  get(
    key: string,
    options?: { readonly range: { readonly offset: number; readonly length: number } },
  ): Promise<BucketBody | null>;
}

export interface RateLimit {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

export interface EdgeCache {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
  delete(url: string): Promise<boolean>;
}

/** Work that goes on after the answer. */
export interface BackgroundTasks {
  waitUntil(promise: Promise<unknown>): void;
}

/** Variables are strings, buckets and rate limits are objects. */
export type WorkerBindings = Readonly<Record<string, unknown>>;
