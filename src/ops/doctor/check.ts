import { checkCacheKey } from "./checks/cache-key.ts";
import { examineConnection, skipStore } from "./checks/connection.ts";
import type { Findings } from "./result.ts";
import { examineObjects } from "./checks/objects.ts";
import type { Patient } from "./target.ts";
import { checkPrivacy } from "./checks/privacy.ts";
import { examineReading, findOriginal } from "./checks/rights.ts";
import { examineCdn, examineService } from "./checks/service.ts";
import { examineMisses } from "./checks/website.ts";

/** A service that runs, and a CDN before it, if those are to be examined too. */
export interface Surroundings {
  readonly service: string | undefined;
  readonly cdn: string | undefined;
  /** The original to ask variants of; one that is found, when there is none. */
  readonly original: string | undefined;
  readonly basePath: string;
  /** Paths of variants that may be asked for. */
  readonly variantPath: (original: string) => string | undefined;
  readonly autoPath: (original: string) => string | undefined;
}

/** From what everything needs to what is only seen from outside. */
export async function* examineStore(patient: Patient, around: Surroundings): Findings {
  const canGoOn = yield* examineConnection(patient);
  const original = around.original ?? (canGoOn ? await findOriginal(patient) : undefined);
  if (canGoOn) {
    yield* examineReading(patient, original);
    yield* examineObjects(patient);
    yield await checkPrivacy(patient, original);
    yield* examineMisses(patient);
  } else {
    yield* skipStore();
  }
  yield* examineAround(around, original, patient.publicUrl);
  if (around.cdn !== undefined && canGoOn) yield await checkCacheKey(patient);
}

export async function* examineAround(
  { service, cdn, basePath, variantPath, autoPath }: Surroundings,
  original: string | undefined,
  publicUrl: string | undefined,
): Findings {
  const pathOf = (build: (key: string) => string | undefined): string | undefined =>
    original === undefined ? undefined : build(original);
  if (service !== undefined) {
    yield* examineService({ url: service, basePath, publicUrl, path: pathOf(variantPath) });
  }
  if (cdn !== undefined) yield* examineCdn(cdn, pathOf(autoPath));
}
