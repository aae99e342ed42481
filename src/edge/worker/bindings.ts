/*
 * What the Worker uses of Cloudflare, and no more. The tests hold these to Cloudflare's own types.
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

/** An R2 bucket, as far as it is read. */
export interface Bucket {
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

/** What lives on after the answer. */
export interface Lifetime {
  waitUntil(promise: Promise<unknown>): void;
}

/** Variables are texts, buckets and limits are objects. */
export type Bindings = Readonly<Record<string, unknown>>;
