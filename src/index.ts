export type { ErrorCode } from "./errors.ts";
export { MediaError } from "./errors.ts";
export { parseTransform, printTransform } from "./transform/parse.ts";
export type {
  Color,
  Compass,
  Crop,
  Flip,
  FocalPoint,
  Gravity,
  Mode,
  OutputFormat,
  Quality,
  QualityLevel,
  Ratio,
  Rotation,
  TransformSpec,
} from "./transform/spec.ts";
export { buildPath } from "./url/build.ts";
export type { ParsedPath } from "./url/path.ts";
export { parsePath } from "./url/path.ts";
export type { VariantPrefix } from "./url/variant-key.ts";
