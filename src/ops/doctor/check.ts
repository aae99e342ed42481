import { checkCacheKey, checkMisses, checkPrivacy } from "./checks/public.ts";
import { checkConnection, skipStore } from "./checks/connection.ts";
import { checkObjects } from "./checks/objects.ts";
import { checkReading, findOriginal } from "./checks/rights.ts";
import { checkCdn, checkService } from "./checks/service.ts";
import type { CheckResults } from "./result.ts";
import type { DoctorTarget } from "./target.ts";

/** A running service, and a CDN in front of it, if these are to be checked too. */
export interface Outside {
  readonly service: string | undefined;
  readonly cdn: string | undefined;
  /** The original to request variants of; absent: one that is found. */
  readonly original: string | undefined;
  readonly basePath: string;
  /** Build paths of variants that the policy allows. */
  readonly buildVariantPath: (original: string) => string | undefined;
  readonly buildAutoPath: (original: string) => string | undefined;
}

/** Checks from the inside out: connection, rights, public URL, service, CDN. */
export async function* checkStore(target: DoctorTarget, outside: Outside): CheckResults {
  const isUsable = yield* checkConnection(target);
  const original = outside.original ?? (isUsable ? await findOriginal(target) : undefined);
  if (isUsable) {
    yield* checkReading(target, original);
    yield* checkObjects(target);
    yield await checkPrivacy(target, original);
    yield* checkMisses(target);
  } else {
    yield* skipStore();
  }
  yield* checkOutside(outside, original, target.publicUrl);
  if (outside.cdn !== undefined && isUsable) yield await checkCacheKey(target);
}

export async function* checkOutside(
  { service, cdn, basePath, buildVariantPath, buildAutoPath }: Outside,
  original: string | undefined,
  publicUrl: string | undefined,
): CheckResults {
  if (service !== undefined) {
    const path = original === undefined ? undefined : buildVariantPath(original);
    yield* checkService({ url: service, basePath, publicUrl, path });
  }
  if (cdn !== undefined) {
    yield* checkCdn(cdn, original === undefined ? undefined : buildAutoPath(original));
  }
}
