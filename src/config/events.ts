import { z } from "zod";
import { ConfigError } from "./error.ts";
import { MediaError } from "../errors.ts";
import { normalizeTransform } from "../transform/normalize.ts";
import { parseTransform } from "../transform/parse.ts";
import type { Presets } from "../transform/spec.ts";
import { expandPresets } from "../transform/presets.ts";

export interface EventConfig {
  /** The ARNs of the SNS topics whose messages are accepted. */
  readonly topics: ReadonlySet<string>;
  /** The texts of transforms to make of every new original; checked. */
  readonly warm: readonly string[];
}

/** FIFO topics do not match: they do not deliver over HTTPS. */
const TOPIC = /^arn:aws[a-z-]*:sns:[a-z\d-]+:\d{12}:[\w-]{1,256}$/;

type Words = z.ZodType<string[], string | undefined>;

export const EVENT_VARIABLES: { readonly EVENT_TOPICS: Words; readonly EVENT_WARM: Words } = {
  EVENT_TOPICS: words(/[\s,]+/).pipe(
    z.array(z.string().regex(TOPIC, { error: "must be a list of ARNs of SNS topics" })),
  ),
  EVENT_WARM: words(/[\s;]+/),
};

interface EventVariables {
  readonly EVENT_TOPICS: readonly string[];
  readonly EVENT_WARM: readonly string[];
}

/** @throws ConfigError for an unknown or invalid transform */
export function deriveEvents(env: EventVariables, presets: Presets): EventConfig {
  for (const text of env.EVENT_WARM) checkTransform(text, presets);
  return { topics: new Set(env.EVENT_TOPICS), warm: env.EVENT_WARM };
}

function checkTransform(text: string, presets: Presets): void {
  try {
    const { expires, ...spec } = expandPresets(parseTransform(text, presets), presets);
    if (expires !== undefined) throw new ConfigError('EVENT_WARM is wrong: option "exp" expires');
    normalizeTransform(spec, spec.format ?? "auto");
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    throw new ConfigError(`EVENT_WARM is wrong: ${error.message}`);
  }
}

function words(separator: RegExp): Words {
  return z
    .string()
    .default("")
    .transform((value) => value.split(separator).filter(Boolean));
}
