import { Miniflare } from "miniflare";

/** A real S3 server on loopback: the simulator of Cloudflare's R2, in a process of its own. */
export interface S3Server {
  /** For path-style requests. */
  readonly endpoint: string;
  /** Where anybody may read: `<publicUrl>/<bucket>/<key>`. */
  readonly publicUrl: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly originalsBucket: string;
  readonly variantsBucket: string;
  stop(): Promise<void>;
}

/** Starts one with two empty buckets; nothing of it outlives `stop`. */
export async function startS3Server(): Promise<S3Server> {
  const s3Credentials = { accessKeyId: "test-key-id", secretAccessKey: "test-secret-key" };
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    modules: true,
    script: "export default { fetch: () => new Response() }",
    compatibilityDate: "2026-07-01",
    r2Persist: false,
    r2Buckets: {
      ORIGINALS: { id: "originals", s3Credentials },
      VARIANTS: { id: "variants", s3Credentials },
    },
  });
  const base = await miniflare.ready;
  return {
    endpoint: new URL("/cdn-cgi/local/r2/s3", base).href,
    publicUrl: new URL("/cdn-cgi/local/r2/public", base).href,
    region: "auto",
    credentials: s3Credentials,
    originalsBucket: "originals",
    variantsBucket: "variants",
    stop: () => miniflare.dispose(),
  };
}
