import { resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import { describePolicy } from "../../config/policy.ts";
import { readEndpoint } from "../../config/store.ts";
import { isImageKey } from "../../image/input/formats.ts";
import type { Running } from "../../service/server.ts";
import { hasPage, isLoopback } from "../../service/server.ts";
import type { ObjectStore } from "../../store/store.ts";
import type { Transform } from "../../transform/transform.ts";
import { buildPath } from "../../url/build.ts";
import { isUnderRoot } from "../../url/variant-key.ts";
import { buildSamplePath } from "../sample.ts";

/** Transforms to try first, where all are allowed. */
const SUGGESTED: readonly Transform[] = [
  { width: 800 },
  { width: 400, height: 400, gravity: "auto", format: "webp" },
  { width: 480, height: 270, mode: "pad", background: "ffd700", format: "jpg" },
  { width: 600, format: "auto" },
];

/** How long a printed signed URL is valid, in seconds. */
const VALID_SECONDS = 3600;
/** Originals of a store that are looked at: some of them may be no images. */
const MAX_ORIGINALS = 4;

/**
 * Describes a service that has just started: where it listens, what it allows, where its images are, and URLs that were
 * found to work.
 */
export async function describeService(
  config: Config,
  running: Running,
  madeToken: string | undefined,
): Promise<string> {
  const lines = [
    `shift-media listens on ${running.url}`,
    ...describePage(config, running, madeToken),
    ...describePolicy(config.access),
    ...describeStores(config),
  ];
  const keys = isForPeople(config)
    ? await findImages(running.originals, config).catch(() => undefined)
    : undefined;
  if (keys?.length === 0) {
    lines.push(
      "",
      `no images yet: ${describeOriginals(config)} has no JPEG, PNG, WebP, AVIF or GIF`,
    );
  }
  const paths = keys ? suggestPaths(config, keys) : [];
  const token = config.adminToken ?? madeToken;
  const urls = await listWorkingUrls(running.url, paths, token);
  if (urls.length > 0) lines.push("", "Try", ...urls.map((url) => `  ${url}`));
  return `${lines.join("\n")}\n`;
}

/** A token that was made for this run is printed; one that was given is not. */
function describePage(
  config: Config,
  { url }: Running,
  madeToken: string | undefined,
): readonly string[] {
  if (hasPage(config)) {
    const fragment = madeToken === undefined ? "" : `#token=${madeToken}`;
    return [`page: ${new URL("/", url).href}${fragment}`];
  }
  return madeToken === undefined ? [] : [`ADMIN_TOKEN of this run: ${madeToken}`];
}

/** True where the one who starts the service reads what is printed, and nobody else does. */
export function isForPeople({ host }: Pick<Config, "host">): boolean {
  if (process.env["NODE_ENV"] === "production") return false;
  return process.stdout.isTTY || isLoopback(host);
}

function describeStores({ store, delivery, publicUrl }: Config): readonly string[] {
  if (store.kind === "file") {
    return [
      `folder of originals: ${resolve(store.originalsDir)}`,
      `folder of variants:  ${resolve(store.variantsDir)}`,
    ];
  }
  const { originalsBucket, variantsBucket } = store;
  const region = process.env["AWS_REGION"] ?? "of the AWS configuration";
  const endpoint = readEndpoint(process.env) ?? "AWS";
  return [
    originalsBucket === variantsBucket
      ? `bucket: ${originalsBucket}`
      : `buckets: originals in ${originalsBucket}, variants in ${variantsBucket}`,
    `region: ${region}, endpoint: ${endpoint}`,
    `delivery: ${delivery}${publicUrl === undefined ? "" : `, to ${publicUrl}`}`,
  ];
}

function describeOriginals({ store, access }: Config): string {
  if (store.kind === "file") return resolve(store.originalsDir);
  return `the bucket ${store.originalsBucket}${access.originals.prefix && ` under ${access.originals.prefix}`}`;
}

/** Finds some images at the top of the store, or else anywhere on its first page. */
async function findImages(
  originals: Pick<ObjectStore, "list">,
  { access, prefix: { root } }: Config,
): Promise<readonly string[]> {
  const { prefix } = access.originals;
  for (const delimiter of ["/", undefined] as const) {
    const { keys } = await originals.list({ prefix, ...(delimiter && { delimiter }) });
    const images = keys.filter((key) => isImageKey(key) && !isUnderRoot(root, key));
    if (images.length > 0) return images.slice(0, MAX_ORIGINALS);
  }
  return [];
}

function suggestPaths(config: Config, keys: readonly string[]): readonly string[] {
  if (config.access.policy.isOpen) {
    return SUGGESTED.flatMap((transform, index) => {
      const key = keys[index % keys.length];
      return key === undefined ? [] : config.basePath + buildPath(key, transform);
    });
  }
  const expires = Math.floor(Date.now() / 1000) + VALID_SECONDS;
  return keys.slice(0, 1).flatMap((key) => buildSamplePath(config, key, { expires }) ?? []);
}

/** Has the service make each, and keep none: some originals are broken, or too large. */
async function listWorkingUrls(
  url: string,
  paths: readonly string[],
  token: string | undefined,
): Promise<readonly string[]> {
  const { origin } = new URL(url);
  const headers = { authorization: `Bearer ${token}` };
  const work = await Promise.all(
    paths.map(async (path) => {
      const answer = await fetch(`${origin}/-/images${path}?keep=no`, { headers });
      await answer.body?.cancel();
      return answer.ok;
    }),
  );
  return paths.filter((_, index) => work[index]).map((path) => origin + path);
}
