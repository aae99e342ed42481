import { MediaError } from "../../errors.ts";

/** @throws MediaError for what is no whole number from 1 to `max` */
export function readNumber(
  option: string,
  text: string | undefined,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new MediaError("invalid_body", `${option} must be from 1 to ${max}, got "${text}"`);
}
