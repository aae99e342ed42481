import { z } from "zod";

/** Words, separated by commas and spaces unless another separator is given. */
export function list(separator: RegExp = /[\s,]+/): z.ZodType<string[]> {
  return z.string().transform((value) => value.split(separator).filter(Boolean));
}

export function url(): z.ZodType<string> {
  return z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .refine((value) => !/[?#]/.test(value), { error: "must have no query and no fragment" });
}

export function text(byDefault: string): z.ZodType<string> {
  return z.string().default(byDefault);
}

export function headerValue(byDefault: string): z.ZodType<string> {
  return pattern(byDefault, /^[\x20-\x7e]+$/, "the value of a header, in printable ASCII");
}

/** The secret that a CDN sends in `X-Origin-Secret`, so that nobody gets past it. */
export function originSecret(): z.ZodOptional<z.ZodString> {
  return z
    .string()
    .regex(/^[!-~]{16,}$/, { error: "must have at least 16 characters of printable ASCII" })
    .optional();
}

export function flag(): z.ZodType<boolean> {
  return z.stringbool({ error: "must be true or false" });
}

/** A bearer token. */
export function token(): z.ZodOptional<z.ZodString> {
  return z
    .string()
    .regex(/^[\w.~+/-]{16,}=*$/, { error: "must have at least 16 letters, digits, -._~+/" })
    .optional();
}

export function optionalText(): z.ZodOptional<z.ZodString> {
  return z.string().optional();
}

export function wholeNumber(byDefault: number, min: number, max: number): z.ZodType<number> {
  return numberBetween(min, max).default(byDefault);
}

export function optionalNumber(min: number, max: number): z.ZodType<number | undefined> {
  return numberBetween(min, max).optional();
}

function numberBetween(min: number, max: number): z.ZodType<number, string> {
  const error = `must be an integer from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,12}$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error });
}

export function pattern(
  byDefault: string,
  expected: RegExp,
  description: string,
): z.ZodType<string> {
  return z
    .string()
    .regex(expected, { error: `must be ${description}` })
    .default(byDefault);
}

export function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  byDefault: T[number],
): z.ZodType<T[number]> {
  return z.enum(values, { error: `must be one of ${values.join(", ")}` }).default(byDefault);
}
