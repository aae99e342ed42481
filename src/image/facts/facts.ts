/** The facts about a file, measured from its bytes. */
export interface Facts {
  /** Media type; `application/octet-stream` where nothing is known. */
  readonly type: string;
  /** The usual one of this type, without a dot; `bin` where nothing is known. */
  readonly extension: string;
  /** In pixels, as it is shown. Given, like all that follow, of images that can be transformed. */
  readonly width?: number;
  readonly height?: number;
  readonly frames?: number;
  /** True if any pixel is translucent. */
  readonly hasAlpha?: boolean;
  /** In base64. */
  readonly thumbhash?: string;
  /** The most frequent colour, as `rrggbb`. */
  readonly dominant?: string;
  /** ISO 8601, with a zone only if the camera wrote one. */
  readonly takenAt?: string;
  readonly copyright?: string;
  /**
   * The location in its metadata: `removed` or `kept` where there was one; `unknown` where there may be one still, as in
   * videos and documents.
   */
  readonly gps: "none" | "removed" | "kept" | "unknown";
}
