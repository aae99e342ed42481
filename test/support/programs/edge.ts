import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

export interface Edge {
  /** Where the Worker answers. */
  readonly url: string;
  readonly bucketEnvironment: Readonly<Record<string, string>>;
  /** Objects of the variants' bucket, from outside. */
  variants(): ReturnType<Miniflare["getR2Bucket"]>;
  originals(): ReturnType<Miniflare["getR2Bucket"]>;
  /** Starts anew with other variables; the buckets stay. */
  set(variables: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

const WORKER = fileURLToPath(new URL("../../../src/worker.ts", import.meta.url));

/** The Worker as it is deployed: a module in which nothing of Node resolves. */
async function bundleWorker(): Promise<string> {
  const bundle = await build({
    entryPoints: [WORKER],
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    write: false,
  });
  return bundle.outputFiles[0]?.text ?? "";
}

/** The Worker in workerd, on buckets that the service reaches by S3. */
export async function startEdge(variables: Readonly<Record<string, string>>): Promise<Edge> {
  const script = await bundleWorker();
  const s3Credentials = { accessKeyId: "test-key-id", secretAccessKey: "test-secret-key" };
  const optionsOf = (bindings: Readonly<Record<string, string>>) => ({
    host: "127.0.0.1",
    port: 0,
    modules: true as const,
    script,
    compatibilityDate: "2026-07-01",
    r2Persist: false,
    bindings,
    r2Buckets: {
      VARIANTS_BUCKET: { id: "variants", s3Credentials },
      ...(bindings["WITH_ORIGINALS"] && {
        ORIGINALS_BUCKET: { id: "originals", s3Credentials },
      }),
      ORIGINALS_OUTSIDE: { id: "originals", s3Credentials },
    },
  });
  const miniflare = new Miniflare(optionsOf(variables));
  const base = await miniflare.ready;
  return {
    url: base.origin,
    bucketEnvironment: {
      S3_BUCKET: "originals",
      S3_VARIANTS_BUCKET: "variants",
      AWS_ENDPOINT_URL_S3: new URL("/cdn-cgi/local/r2/s3", base).href,
      AWS_REGION: "auto",
      AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
    },
    variants: () => miniflare.getR2Bucket("VARIANTS_BUCKET"),
    originals: () => miniflare.getR2Bucket("ORIGINALS_OUTSIDE"),
    set: async (changed) => {
      await miniflare.setOptions({
        ...optionsOf({ ...variables, ...changed }),
        port: Number(base.port),
      });
    },
    stop: () => miniflare.dispose(),
  };
}
