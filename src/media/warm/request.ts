import { z } from "zod";
import { MediaError } from "../../errors.ts";

/** The variants to make of one original. */
export interface WarmRequest {
  readonly key: string;
  readonly outputs: readonly Outputs[];
}

/** Each of the transforms in each of the formats. */
export interface Outputs {
  /** Texts of options: `w_300,h_200`, `t_card`; empty for the original in another format. */
  readonly transforms: readonly string[];
  /** For transforms that name none. If empty, the key decides, as in a URL. */
  readonly formats: readonly string[];
}

/** A line that cannot be read. */
export interface InvalidLine {
  /** Counted from 1. */
  readonly line: number;
  readonly problem: MediaError;
}

export type WarmEntry = WarmRequest | InvalidLine;

/** The most combinations of transform and format for one original. */
export const MAX_COMBINATIONS = 256;

const NOTHING: Outputs = { transforms: [], formats: [] };

const texts = z.array(z.string({ error: "must hold texts" }), { error: "must be a list" });

const body = z.strictObject(
  {
    key: z.string({ error: "must be a text" }).optional(),
    keys: texts.optional(),
    transforms: texts.optional(),
    presets: texts.optional(),
    formats: texts.optional(),
  },
  { error: "must be an object of key or keys, transforms, presets, formats" },
);

/**
 * Parses `{"keys": ["a.jpg"], "transforms": ["w_300"], "presets": ["card"], "formats": ["webp"]}`; `key`
 * is one more key.
 *
 * @param standard the outputs of a text that names none
 * @throws MediaError `invalid_body` that names the problem
 */
export function parseWarmRequests(text: string, standard?: Outputs): readonly WarmRequest[] {
  const { key, keys = [], ...rest } = parse(text);
  const all = new Set(key === undefined ? keys : [key, ...keys]);
  if (all.size === 0) throw invalidBody('"key" or "keys" must be given');
  const outputs = parseOutputs(rest, standard);
  return [...all].map((one) => ({ key: one, outputs: [outputs] }));
}

/** Outputs as users write them. */
export interface OutputsInput {
  readonly transforms?: readonly string[] | undefined;
  readonly presets?: readonly string[] | undefined;
  readonly formats?: readonly string[] | undefined;
}

/** @throws MediaError `invalid_body` for no outputs, or too many */
export function parseOutputs(
  { transforms = [], presets = [], formats }: OutputsInput,
  standard: Outputs = NOTHING,
): Outputs {
  const typed = [...transforms, ...presets.map((name) => `t_${name}`)];
  const given = typed.length > 0 ? typed : standard.transforms;
  const inFormats = formats ?? standard.formats;
  if (given.length + inFormats.length === 0) {
    throw invalidBody('"transforms", "presets" or "formats" must be given');
  }
  const outputs = { transforms: given.length > 0 ? given : [""], formats: inFormats };
  const count = countCombinations(outputs);
  if (count <= MAX_COMBINATIONS) return outputs;
  const problem = `an original must have at most ${MAX_COMBINATIONS} combinations`;
  throw invalidBody(`${problem} of transforms and formats, got ${count}`);
}

/** Several jobs of one original may be joined, and none has more outputs than one may have. */
const job = z.strictObject({
  key: z.string(),
  outputs: z
    .array(z.strictObject({ transforms: texts, formats: texts }))
    .refine((outputs) => sumCombinations(outputs) <= MAX_COMBINATIONS),
});

/** Checks a job of a queue, which others may write to as well. */
export function readWarmJob(data: unknown): WarmEntry {
  const result = job.safeParse(data);
  if (result.success) return result.data;
  const expected = `a key and outputs of at most ${MAX_COMBINATIONS} combinations`;
  return { line: 1, problem: invalidBody(`a job must have ${expected}`) };
}

export function sumCombinations(outputs: readonly Outputs[]): number {
  return outputs.reduce((sum, one) => sum + countCombinations(one), 0);
}

function countCombinations({ transforms, formats }: Outputs): number {
  return transforms.length * Math.max(1, formats.length);
}

function parse(text: string): z.infer<typeof body> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalidBody("the text must be JSON");
  }
  const result = body.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === "unrecognized_keys") {
    const expected = Object.keys(body.shape).join(", ");
    throw invalidBody(`there is no "${issue.keys[0]}" here, only ${expected}`);
  }
  const [field] = issue?.path ?? [];
  throw invalidBody(`${field === undefined ? "the JSON" : `"${String(field)}"`} ${issue?.message}`);
}

function invalidBody(message: string): MediaError {
  return new MediaError("invalid_body", message);
}
