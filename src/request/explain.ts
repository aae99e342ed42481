import type { TransformSpec } from "../transform/spec.ts";
import { printCanonical } from "../url/build.ts";
import { splitTarget, splitPath } from "../url/path.ts";
import type { MediaRequest, RequestRules } from "./request.ts";

/** A request in words, for people. */
export interface Explanation {
  readonly form: MediaRequest["form"];
  readonly key: string;
  /** The options as they were typed, decoded. */
  readonly typed?: string;
  /** The same variant in its one spelling. */
  readonly canonical?: string;
  /** The canonical options by their full names. */
  readonly asks?: string;
  readonly format?: string;
  /** The format depends on the `Accept` header. */
  readonly isNegotiated?: boolean;
  /** The name of the stored object. */
  readonly variantKey?: string;
  readonly isSigned: boolean;
  readonly expires?: string;
  /** The reason why a segment that looks like options may be part of the key. */
  readonly hint?: string;
  /** The reason why it is allowed. */
  readonly policy: string;
}

/** Explains a request that was read from this target and is allowed. */
export function explainRequest(
  target: string,
  request: MediaRequest,
  rules: RequestRules,
): Explanation {
  const { signature, path } = splitTarget(target, rules.basePath);
  const isSigned = signature !== undefined;
  const common = { form: request.form, key: request.key, isSigned };
  if (request.form === "original") {
    const { hint } = request;
    return { ...common, ...(hint && { hint }), policy: "originals are given out as they are" };
  }
  const { text } = splitPath(path, rules.presets);
  const { spec, format, variantKey, isNegotiated, expires } = request;
  return {
    ...common,
    ...(text !== undefined && request.form === "request" && { typed: text }),
    canonical: printCanonical(request.key, { ...spec, format }),
    ...(Object.keys(spec).length > 0 && { asks: printFields(spec) }),
    format,
    isNegotiated,
    variantKey,
    ...(expires && { expires: new Date(expires * 1000).toISOString() }),
    policy: explainPermission(isSigned, request.mayMake, rules),
  };
}

function explainPermission(isSigned: boolean, mayMake: boolean, { policy }: RequestRules): string {
  if (isSigned) return "the signature is right: anything within the bounds is allowed";
  if (policy.isOpen) return "anything within the bounds is allowed";
  if (!mayMake) return "it is given out if it is stored, but made only for a signed request";
  const allowed = [
    ...(policy.hasPresets ? ["presets"] : []),
    ...(policy.allowed ? ["the lists"] : []),
  ];
  return `without a signature, by ${allowed.join(" or ")}`;
}

/** Prints a spec by the names of its fields: `width 300, crop {"unit":…}`. */
function printFields(spec: TransformSpec): string {
  const parts = Object.entries(spec).map(([field, value]) =>
    value === true
      ? field
      : `${field} ${typeof value === "object" ? JSON.stringify(value) : value}`,
  );
  return parts.join(", ");
}
