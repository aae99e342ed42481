import type { Field } from "../transform/options.ts";
import type { Mode } from "../transform/spec.ts";

/** The words of one option in the docs and on the page. Names, ranges and defaults come from its row in `OPTIONS`. */
export interface OptionWords {
  /** For the page, and for docs/urls.md where there is no `more`. `RANGE` is the range of a number. */
  readonly text: string;
  /** For docs/urls.md. */
  readonly more?: string;
  /** The default, for docs/urls.md, where it is no value that a URL leaves out. */
  readonly default?: string;
  /** Values as programs write them, for docs/typescript.md, where they are neither numbers nor flags. */
  readonly program?: string;
  /** Pieces that have the option. */
  readonly examples: readonly string[];
  /** A canonical transform, for docs/typescript.md. Default: the last example, beside a width if it needs one. */
  readonly transform?: string;
  /**
   * Cells of docs/urls.md. An example that begins with the name of an original, as in `small ar_1:1`, has an image.
   * Default: an effect on `landscape`, or the transform.
   */
  readonly shown?: readonly (readonly string[])[];
  /** The table of docs/urls.md in which it stands. Default: by its kind. */
  readonly table?: "size" | "cut" | "turn" | "color" | "output";
}

export const OPTION_WORDS: Readonly<Record<Field, OptionWords>> = {
  width: {
    text: "width, RANGE pixels",
    more: "width, RANGE pixels, of the image before `a_`",
    default: "by the height, or that of the original",
    examples: ["w_300"],
    shown: [["landscape w_220"]],
    table: "size",
  },
  height: {
    text: "height, RANGE pixels",
    default: "by the width",
    examples: ["h_200"],
    shown: [["landscape h_100"]],
    table: "size",
  },
  aspectRatio: {
    text: "aspect ratio, W:H or a number: gives the other side; alone it crops",
    more: "aspect ratio, `W:H` of 1 to 8192 each, or a number. With one side it gives the other. Alone it crops to the ratio or, with `c_pad` or `c_lpad`, extends. Beside two sides it is a mistake",
    default: "that of the box, or the original",
    program: '`"16:9"`, a number, or `{ width: 16, height: 9 }`',
    examples: ["ar_1.5", "ar_16:9"],
    shown: [
      ["landscape w_150,ar_1:1"],
      ["landscape w_150,ar_1:1,c_pad,b_silver"],
      ["small ar_1:1", "small ar_1:1,c_pad,b_silver"],
    ],
    table: "size",
  },
  mode: {
    text: "mode: `fill` covers the box, `fit` is inside it, `pad` also extends to it, `scale` stretches; `lfill` `limit` `lpad` never enlarge",
    more: "mode, below",
    default: "`lfill` with two sides, `limit` with one",
    program: '`"lfill"` `"limit"` `"fill"` `"fit"` `"lpad"` `"pad"` `"scale"`',
    examples: ["c_fill", "c_pad"],
    transform: "w_300,h_200,c_pad",
    shown: [["landscape w_150,h_150,c_fill"], ["landscape w_150,h_150,c_limit"]],
    table: "size",
  },
  gravity: {
    text: "what to keep, or where to place: `center`, `north` … (8), `auto` (attention), `entropy`, or a point in fractions",
    more: "what to keep when cropping, where to place when padding: a compass point, `auto`, `entropy`, or a focal point, below",
    default: "`center`",
    program:
      '`"center"` `"north"` `"north_east"` … (9), `"auto"`, `"entropy"`, or a focal point in fractions of the sides',
    examples: ["g_auto", "g_0.3x0.7"],
    transform: "w_300,h_200,g_0.3x0.7",
    shown: [["landscape w_80,h_150,g_auto"], ["landscape w_80,h_150,g_0.3x0.4"]],
    table: "cut",
  },
  crop: {
    text: "X_Y_W_H of the upright original, before all else: four pixels, or four fractions with their dots",
    more: "`X_Y_W_H`, cut out of the upright original before all else. Four integers are pixels; four fractions, each with its dot and one to four decimals, are parts of the sides. What sticks out is cut off; nothing left is a 422",
    default: "the whole image",
    program:
      '`{ unit, x, y, width, height }`: `unit` is `"pixel"`, and may be left out then, or `"fraction"`: all four are 0 to 1',
    examples: ["crop_10_20_300_200"],
    transform: "crop_0.1_0.0_0.5_1.0",
    shown: [["landscape w_150,crop_100_80_300_300"], ["landscape w_150,crop_0.7_0.6_0.25_0.25"]],
    table: "cut",
  },
  trim: {
    text: "cut off borders of the corner's colour; tolerance RANGE. Not beside `crop_`",
    more: "RANGE: cut off borders that look like the top left corner, before all else. It is how far each level may be from the corner's. With `crop_` it is a mistake",
    default: "nothing is trimmed",
    program: "number: RANGE",
    examples: ["trim_10"],
    shown: [["framed trim_0"], ["framed trim_40"]],
    table: "cut",
  },
  rotate: {
    text: "clockwise rotation after resizing, RANGE degrees; `ignore` leaves the EXIF orientation alone",
    more: "RANGE degrees clockwise, after resizing; negative ones are anticlockwise. The corners are background, and the image becomes larger by them",
    default: "upright",
    program: 'number: RANGE degrees, clockwise, an integer; or `"ignore"`',
    examples: ["a_ignore", "a_90"],
    shown: [["landscape w_150,a_90"], ["landscape w_150,a_20", "landscape w_150,a_20,b_navy"]],
    table: "turn",
  },
  flip: {
    text: "mirror: `h` `v` `hv`",
    more: "mirror: `h` left and right, `v` top and bottom, `hv` both; before `a_`",
    default: "not mirrored",
    program: '`"h"` `"v"` `"hv"`',
    examples: ["flip_h"],
    shown: [
      ["landscape w_220,flip_h", "landscape w_220,flip_v"],
      ["landscape w_220,flip_hv", "landscape w_150,a_90,flip_h"],
    ],
    table: "turn",
  },
  background: {
    text: "background: `rrggbb`, `rrggbbaa`, short hex or a basic CSS name. Default: transparent, white for JPEG",
    more: "`rrggbb`, `rrggbbaa`, `rgb`, `rgba`, each also after `rgb:`, or one of the 16 basic CSS names. The colour of padding, of the corners of `a_` and `r_`, and, where it is given, behind everything that can be seen through",
    default: "transparent; white as `jpg`",
    program: '`"ff0000"` `"#f00"` `"ff000080"`, or one of the 16 basic names',
    examples: ["b_navy", "b_ff0000"],
    shown: [["landscape w_150,h_150,c_pad,b_navy"], ["landscape w_150,h_150,c_pad,b_00008040"]],
    table: "color",
  },
  radius: {
    text: "rounded corners, RANGE pixels, or `max`: a circle or an ellipse",
    more: "radius of the corners, RANGE pixels of the result, at most half of the shorter side; or `max`, a circle or an ellipse",
    default: "not rounded",
    program: 'number: RANGE pixels; or `"max"`',
    examples: ["r_20", "r_max"],
    shown: [
      ["landscape w_220,r_24", "landscape w_220,r_24,b_navy"],
      ["landscape w_220,r_max", "landscape w_150,h_150,r_max"],
    ],
    table: "color",
  },
  blur: {
    text: "RANGE, fifty times the sigma",
    more: "RANGE: the sigma of the blur is a fiftieth of it, in pixels of the result",
    examples: ["e_blur", "e_blur:400"],
  },
  sharpen: {
    text: "RANGE, ten times the sigma",
    more: "RANGE: the sigma is a tenth of it; how wide the edges are that are strengthened",
    examples: ["e_sharpen", "e_sharpen:40"],
  },
  pixelate: {
    text: "blocks of RANGE pixels",
    more: "RANGE: the side of a block, in pixels of the result",
    examples: ["e_pixelate", "e_pixelate:20"],
  },
  brightness: {
    text: "RANGE per cent",
    more: "RANGE per cent of lightness, more or less",
    examples: ["e_brightness:40", "e_brightness:-40"],
  },
  contrast: {
    text: "RANGE per cent",
    more: "RANGE per cent, around middle grey",
    examples: ["e_contrast:50", "e_contrast:-50"],
  },
  saturation: {
    text: "RANGE per cent",
    more: "RANGE per cent of chroma, more or less",
    examples: ["e_saturation:80", "e_saturation:-70"],
  },
  hue: {
    text: "RANGE degrees",
    more: "RANGE degrees around the circle of hues",
    examples: ["e_hue:90", "e_hue:-90"],
  },
  gamma: {
    text: "RANGE, above 1 brightens the middle tones",
    more: "RANGE: above 1 the middle tones become lighter, below darker",
    examples: ["e_gamma:1.8", "e_gamma:0.5"],
  },
  sepia: { text: "RANGE per cent", examples: ["e_sepia", "e_sepia:50"] },
  tint: {
    text: "a colour: all pixels take its hue and keep their lightness",
    more: "an opaque colour, as in `b_`: every pixel takes its hue, and keeps its own lightness. Greys, black and white have no hue to give",
    program: "a colour like `background`, opaque",
    examples: ["e_tint:1e90ff"],
  },
  grayscale: { text: "no colours", examples: ["e_grayscale"] },
  negate: {
    text: "black becomes white",
    examples: ["e_negate"],
    shown: [["landscape w_220,e_negate"], ["spinner e_negate,f_webp"]],
  },
  format: {
    text: "`jpg` `png` `webp` `avif` `gif`, or `auto`: by `Accept`; `json` `thumbhash` `blurhash` describe it. Default: by the key",
    more: "`jpg` `png` `webp` `avif` `gif`, `auto`, or a [description](#descriptions): `json` `thumbhash` `blurhash`",
    default: "by the key's extension, below",
    program:
      '`"jpg"` `"png"` `"webp"` `"avif"` `"gif"`, `"auto"`: by what the client accepts, or a description: `"json"` `"thumbhash"` `"blurhash"`',
    examples: ["f_webp", "f_auto"],
    shown: [["f_webp"]],
    table: "output",
  },
  quality: {
    text: "quality of JPEG, WebP, AVIF: RANGE, or `auto:best` `auto:good` (default) `auto:eco` `auto:low`",
    more: "quality of `jpg`, `webp`, `avif`: RANGE, or `auto:best` `auto:good` `auto:eco` `auto:low`; `auto` is `auto:good`",
    default: "`auto:good`",
    program:
      'number: RANGE, or a level: `"best"` `"good"` `"eco"` `"low"`, without the `auto:` of URLs',
    examples: ["q_70", "q_auto:eco"],
    transform: "w_300,q_auto:eco",
    shown: [["landscape w_220,q_5"], ["landscape w_220,q_30", "landscape w_220,q_90"]],
    table: "output",
  },
  animated: {
    text: "the default: all frames of a GIF or WebP, to one of these",
    more: "the default, for URLs from when it was not: all frames of an animation, as `gif` or `webp`",
    examples: ["fl_animated"],
    transform: "f_webp,fl_animated",
  },
  attachment: {
    text: "browsers save it",
    more: "browsers save it instead of showing it",
    default: "shown",
    examples: ["fl_attachment"],
  },
  keepIcc: {
    text: "keep the colour profile of the original",
    more: "keeps the colour profile, and the colours as they are in it; `gif` has no room for one",
    default: "converted to sRGB",
    examples: ["fl_keep_icc"],
  },
  lossless: {
    text: "WebP and AVIF",
    more: "`webp` and `avif` lose nothing",
    default: "lossy",
    examples: ["fl_lossless"],
    transform: "f_webp,fl_lossless",
  },
  progressive: {
    text: "JPEG and PNG",
    more: "a `jpg` or `png` that shows early what it will be; as `jpg` a tenth smaller, too, and several times the work",
    default: "baseline",
    examples: ["fl_progressive"],
  },
  still: {
    text: "the first frame of an animation. Default: all, to GIF or WebP",
    more: "the first frame of an animation; `jpg`, `png` and `avif` have no more",
    default: "all frames:<br>![f_webp](images/spinner-f_webp.webp)",
    examples: ["fl_still"],
    transform: "f_webp,fl_still",
    shown: [["spinner f_webp,fl_still"]],
  },
  version: {
    text: "version of the original, 1 to 64 letters, digits, hyphens: another version is another URL",
    more: "1 to 64 letters, digits and hyphens: names a version of the original. It is part of the name of the variant, without effect on its pixels, and its bytes may be kept by caches for a year",
    default: "none",
    program: "text: 1 to 64 letters, digits, hyphens",
    examples: ["v_7f3a"],
    table: "output",
  },
  dpr: {
    text: "RANGE: multiplies width, height and radius",
    more: "RANGE, at most two decimals: multiplies `w_`, `h_` and `r_`, never `crop_`",
    default: "1",
    program: "number: RANGE, at most two decimals",
    examples: ["dpr_2"],
    transform: "dpr_2,t_thumb",
    shown: [["w_150,dpr_2"]],
  },
  presets: {
    text: "names of presets, applied left to right; options beside them win",
    more: "names of [presets](#presets), joined by dots",
    default: "none",
    program: "an array of names, laid over each other left to right",
    examples: ["t_card.soft", "t_thumb"],
  },
  expires: {
    text: "Unix time until which a signed URL is good",
    more: "Unix time in seconds from which the URL is a 410. Only in a [signed](#signatures) URL, otherwise a 400",
    default: "none",
    program: "number: Unix time in seconds (not milliseconds), for [signed](#signing) URLs only",
    examples: ["exp_1893456000"],
  },
};

export const MODE_WORDS: Readonly<Record<Mode, string>> = {
  lfill:
    "covers the box, cropped by gravity; the box is first shrunk, in its own ratio, to fit the original",
  limit: "fits inside the box",
  fill: "covers the box, cropped by gravity",
  fit: "fits inside the box",
  lpad: "fits inside the box and is extended to it with the background, placed by gravity",
  pad: "fits inside the box and is extended to it with the background, placed by gravity",
  scale: "is stretched to exactly the box",
};
