import { Scope } from "../../async/scope.ts";
import { MediaError, tooManyTransforms } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { ObjectStore } from "../../store/store.ts";
import type { Recorder } from "../recorder.ts";
import type { VariantInfo } from "../variant.ts";
import { readVariantInfo } from "../variant.ts";
import type { MissDeps } from "./miss.ts";
import { toRequestTimeout } from "./miss.ts";

export interface PreviewDeps extends Pick<
  MissDeps,
  "originals" | "transform" | "hasRoom" | "storeTimeoutMs"
> {
  readonly variants: Pick<ObjectStore, "head">;
  readonly requestTimeoutMs: number;
}

interface PreviewOptions {
  /** Fires when the caller leaves. */
  readonly signal: AbortSignal;
  readonly recorder: Recorder;
}

/**
 * Makes a variant and keeps it nowhere: for those who try transforms.
 *
 * @throws MediaError as a request for the variant would
 */
export async function previewVariant(
  deps: PreviewDeps,
  request: VariantRequest,
  { signal: abandoned, recorder }: PreviewOptions,
): Promise<Uint8Array> {
  const { originals, transform, hasRoom, requestTimeoutMs: timeoutMs } = deps;
  const { key, spec, format } = request;
  using scope = new Scope({ timeoutMs, signals: [abandoned] });
  const { signal } = scope;
  try {
    if (!hasRoom()) throw tooManyTransforms();
    const reading = recorder.begin("fetch");
    using lease = await originals.lease(key, { signal });
    reading[Symbol.dispose]();
    const { original } = lease;
    if (original.kind === "missing") {
      throw new MediaError("original_not_found", `there is no original "${key}"`);
    }
    const originalId = JSON.stringify([key, original.info.etag]);
    const job = { originalId, bytes: original.bytes, spec, format };
    const made = await transform(job, { signal, abandoned });
    if (made.kind !== "made") throw toRequestTimeout(undefined);
    recorder.setTime("queue", made.queueMs);
    recorder.setTime("decode-encode", made.transformMs);
    return made.bytes;
  } catch (error) {
    throw signal.aborted ? toRequestTimeout(error) : error;
  }
}

/** The facts about a variant, if the store has it. @throws MediaError as the store does */
export async function findStoredVariant(
  { variants, storeTimeoutMs }: Pick<PreviewDeps, "variants" | "storeTimeoutMs">,
  request: VariantRequest,
): Promise<VariantInfo | undefined> {
  const object = await variants.head(request.variantKey, AbortSignal.timeout(storeTimeoutMs));
  return object && readVariantInfo(request, object);
}
