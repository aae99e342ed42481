import { MediaError } from "../../errors.ts";
import type { RequestRules } from "../../request/request.ts";
import { listOfferedFormats, resolveAddress } from "../../request/resolve.ts";
import { RESERVED_NAMES } from "../../transform/names.ts";
import { printTransform } from "../../transform/options.ts";
import type { FormatFacts, ImageFormat } from "../../transform/formats.ts";
import { FORMATS, IMAGE_FORMATS, isImageFormat } from "../../transform/formats.ts";
import { getFallbackFormat, getKeyFormat } from "../../transform/negotiate.ts";
import { expandPresets } from "../../transform/presets.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import { printStoredTransform } from "../../url/variant-key.ts";

/** Size of the largest Function that CloudFront takes, in bytes. */
export const MAX_FUNCTION_BYTES = 10_240;

/** The part of a service's configuration that its Function needs. */
export interface FunctionRules extends Pick<
  RequestRules,
  "basePath" | "prefix" | "autoFormats" | "presets" | "policy"
> {
  readonly originals: Pick<RequestRules["originals"], "prefix">;
}

/**
 * Prints the Function of a service: the constants of its configuration, then the code without comments.
 *
 * @param code the text of `function.js`
 */
export function printFunction(code: string, rules: FunctionRules): string {
  const { isOpen, hasPresets, allowed } = rules.policy;
  const allows = (option: string): boolean => isOpen || (allowed?.options ?? []).includes(option);
  const constants = {
    BASE_PATH: rules.basePath,
    PREFIX: `${rules.prefix.root}${rules.prefix.epoch}/`,
    ROOT: rules.prefix.root,
    KEYS: rules.originals.prefix,
    AUTO_FORMATS: rules.autoFormats,
    FORMATS: Object.fromEntries(IMAGE_FORMATS.map((format) => [format, printFormat(format)])),
    EXTENSIONS: Object.fromEntries(IMAGE_FORMATS.flatMap(listExtensions)),
    OTHER_FORMAT: getKeyFormat(""),
    OTHER_FALLBACK: getFallbackFormat(""),
    // a folder with the name of an option may be a second transform
    OPTION: new RegExp(`(?:^|[,&])(?:${[...RESERVED_NAMES].join("|")})_`),
    IS_OPEN: isOpen,
    TAKES_FORMAT: allowed ? allows("f") : true,
    WIDTHS: allows("w") ? (allowed?.widths ?? []) : [],
    PRESETS: hasPresets || allows("t") ? listPresets(rules) : {},
  };
  const lines = Object.entries(constants).map(
    ([name, value]) => `const ${name} = ${printAscii(value)};`,
  );
  const bare = code.replaceAll(/^ *(?:\/\/|\/\*).*\n| \/\/ .*$|^\n/gm, "");
  return `${lines.join("\n")}\n${bare}`;
}

type FormatRow = Pick<FormatFacts, "maxPixels" | "hasQuality" | "hasMotion" | "fallback">;

function printFormat(format: ImageFormat): FormatRow {
  const { maxPixels, hasQuality, hasMotion, fallback } = FORMATS[format];
  return { maxPixels, hasQuality, hasMotion, fallback };
}

function listExtensions(format: ImageFormat): readonly (readonly [string, ImageFormat])[] {
  return [format, ...(FORMATS[format].aliases ?? [])].map((name) => [name, format]);
}

interface PresetRow {
  readonly text: string;
  /** Texts for formats where more changes than that a format without quality levels drops `q_`. */
  readonly other?: Readonly<Record<string, string>>;
  /** Format that the preset asks for. */
  readonly format?: string;
}

/** Presets by the text that asks for them: `t_thumb` and, as in a `srcset`, `dpr_2,t_thumb`. */
function listPresets(rules: FunctionRules): Readonly<Record<string, PresetRow>> {
  const { isOpen, hasPresets, allowed } = rules.policy;
  const takesDpr = isOpen || hasPresets || allowed?.options.includes("dpr");
  const asked = [...rules.presets.keys()].flatMap((name): readonly TransformSpec[] => {
    const presets = [name];
    return takesDpr ? [{ presets }, { presets, dpr: 2 }] : [{ presets }];
  });
  return Object.fromEntries(
    asked.flatMap((spec) => {
      const { format, ...expanded } = expandPresets(spec, rules.presets);
      if (format && format !== "auto" && !isImageFormat(format)) return [];
      return [
        [printTransform(spec), { ...readPreset(expanded, rules), ...(format && { format }) }],
      ];
    }),
  );
}

function readPreset(spec: TransformSpec, rules: FunctionRules): PresetRow {
  const text = printFor("webp", spec, rules);
  const others = IMAGE_FORMATS.flatMap((format) => {
    const exact = printFor(format, spec, rules);
    return exact === dropQuality(text, format) ? [] : [[format, exact] as const];
  });
  return others.length > 0 ? { text, other: Object.fromEntries(others) } : { text };
}

/** The canonical text of a spec for a format; empty where that format cannot hold it or is not offered. */
function printFor(format: ImageFormat, spec: TransformSpec, rules: FunctionRules): string {
  const isAuto = rules.autoFormats.includes(format);
  const key = "x"; // without an extension, so that all formats are offered
  if (isAuto && !listOfferedFormats({ key, spec }, rules).includes(format)) return "";
  try {
    return printStoredTransform(resolveAddress({ key, spec, format }, rules).spec);
  } catch (error) {
    if (error instanceof MediaError) return "";
    throw error;
  }
}

/** As the Function does it. */
function dropQuality(text: string, format: ImageFormat): string {
  if (FORMATS[format].hasQuality) return text;
  return text.replace(/(?:^|,)q_[^,]+/, "").replace(/^,/, "") || (text && "_");
}

/** Prints a constant for a script that has nothing beyond ASCII. */
function printAscii(value: unknown): string {
  if (value instanceof RegExp) return String(value);
  return JSON.stringify(value).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
