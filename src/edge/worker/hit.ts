import { asUnshared } from "../../media/sha256.ts";
import type { Answer } from "../../http/answer/answer.ts";
import { selectBody } from "../../http/answer/conditions.ts";
import type { AnswerInput, AnswerDeps } from "../../http/media/variant-answer.ts";
import { answerFromMemory, answerStreamHead } from "../../http/media/variant-answer.ts";
import { countBytes } from "../../http/answer/ranges.ts";
import type { VariantRequest } from "../../request/request.ts";
import { findMoving } from "../../request/resolve.ts";
import type { VariantInfo } from "../../media/variant.ts";
import { readVariantInfo } from "../../media/variant.ts";
import type { BucketBody, BucketObject } from "./bindings.ts";
import type { EdgeSettings } from "./settings.ts";

/** A variant from the bucket, and the answer about it. */
export interface Hit {
  /** Of an animation under `f_auto`, the request for a format that holds it. */
  readonly request: VariantRequest;
  readonly object: BucketObject;
  readonly info: VariantInfo;
  readonly response: Response;
}

interface Client {
  readonly method: string;
  readonly headers: Headers;
}

/** Request headers under which a part of the bytes, or none, may be enough. */
const SELECTIVE = ["range", "if-match", "if-none-match"];

/** Answers from the bucket as the service does when it streams; `undefined` when the bucket lacks the variant. */
export async function answerHit(
  settings: EdgeSettings,
  request: VariantRequest,
  client: Client,
): Promise<Hit | undefined> {
  const found = await findObject(settings, request, client);
  if (!found) return undefined;
  const { object, info, whole } = found;
  const moving = info.isFirstFrame ? findMoving(request) : undefined;
  if (moving) {
    await whole?.body.cancel();
    return answerHit(settings, moving, client);
  }
  const asked = toAnswerInput(settings, request, client);
  const answer = answerFromMemory(asked, { kind: "stored", request, info });
  if (answer) {
    await whole?.body.cancel();
    return { request, object, info, response: respond(answer, null) };
  }
  const response = await answerBody(settings, asked, { info, whole });
  return response && { request, object, info, response };
}

interface FoundObject extends Bytes {
  readonly object: BucketObject;
}

/** Reads the object with one call for the usual request, and its head first for the others. */
async function findObject(
  settings: EdgeSettings,
  request: VariantRequest,
  client: Client,
): Promise<FoundObject | undefined> {
  const { variants } = settings;
  const isWhole = wantsAll(settings, client);
  const whole = isWhole ? ((await variants.get(request.variantKey)) ?? undefined) : undefined;
  const object = isWhole ? whole : await variants.head(request.variantKey);
  const info = object ? readObjectInfo(request, object) : undefined;
  if (object && info) return { object, info, whole };
  await whole?.body.cancel();
  return undefined;
}

function wantsAll({ delivery }: EdgeSettings, { method, headers }: Client): boolean {
  const isSelective = SELECTIVE.some((name) => headers.has(name));
  return method === "GET" && delivery !== "redirect" && !isSelective;
}

/** Reads the metadata of a variant; `undefined` for objects that the service did not store. */
function readObjectInfo(request: VariantRequest, object: BucketObject): VariantInfo | undefined {
  const { httpMetadata, httpEtag, size, customMetadata = {} } = object;
  const contentType = httpMetadata?.contentType;
  return readVariantInfo(request, {
    etag: httpEtag,
    size,
    ...(contentType !== undefined && { contentType }),
    metadata: customMetadata,
  });
}

/** Prepares the input for the answer that the service would give. */
function toAnswerInput(
  settings: EdgeSettings,
  request: VariantRequest,
  { method, headers }: Client,
): AnswerInput {
  const deps: AnswerDeps = {
    rules: settings.rules,
    cache: settings.cache,
    publicUrl: settings.publicUrl,
    // the Worker takes the place of a CDN: without redirects it always streams
    delivery: settings.delivery === "redirect" ? "redirect" : "stream",
    variants: { getCachedBytes: () => undefined },
  };
  return { deps, request, method, header: (name) => headers.get(name) ?? undefined };
}

interface Bytes {
  readonly info: VariantInfo;
  readonly whole: BucketBody | undefined;
}

/** `undefined` when the object was deleted or replaced after its metadata was read. */
async function answerBody(
  { variants }: EdgeSettings,
  asked: AnswerInput,
  { info, whole }: Bytes,
): Promise<Response | undefined> {
  const { request } = asked;
  const selection = selectBody(asked, info);
  const range = selection.kind === "part" ? selection.range : undefined;
  const part = range && { range: { offset: range.first, length: countBytes(range) } };
  const object = whole ?? (await variants.get(request.variantKey, part));
  if (object && readObjectInfo(request, object)?.etag === info.etag) {
    return respond(answerStreamHead(asked, info, range), object.body);
  }
  await object?.body.cancel();
  return undefined;
}

export function respond(
  { status, headers, body }: Answer,
  stream: ReadableStream<Uint8Array> | null,
): Response {
  return new Response(stream ?? (body ? asUnshared(body) : null), { status, headers });
}
