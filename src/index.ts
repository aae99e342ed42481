export type { ErrorCode } from "./errors.ts";
export { MediaError } from "./errors.ts";
export type { DescriptionFormat, ImageFormat, OutputFormat } from "./transform/formats.ts";
export type {
  Color,
  Compass,
  Crop,
  Effects,
  Flip,
  FocalPoint,
  Gravity,
  Mode,
  Quality,
  QualityLevel,
  Ratio,
  Rotation,
  TransformSpec,
} from "./transform/spec.ts";
export type { ImageTransform, Transform } from "./transform/transform.ts";
export type { PathOptions } from "./url/build.ts";
export type { Candidates, UrlOptions } from "./url/srcset.ts";
export { buildSrcset, buildUrl } from "./url/srcset.ts";
export type { Attributes } from "./url/html.ts";
export { html } from "./url/html.ts";
export type { ImgAttributes, ImgOptions, Picture, PictureOptions } from "./url/img.ts";
export type { CreateUrlsOptions, ParsedUrl, Urls } from "./url/urls.ts";
export { createUrls } from "./url/urls.ts";
