import { UsageError } from "../../ops/usage-error.ts";
import { cutTrailingSlashes } from "../../url/percent.ts";

/** Collects the values of an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** @throws UsageError for text that is not a whole number from 1 to `max` */
export function readNumber(
  option: string,
  text: string | undefined,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new UsageError(`${option} must be from 1 to ${max}, got "${text}"`);
}

/** @throws UsageError for text that is not the URL of a host, with or without a path */
export function readUrl(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^https?:\/\/[^?#\s]+$/.test(text)) return cutTrailingSlashes(text);
  throw new UsageError(`${option} must be an http or https URL, got "${text}"`);
}
