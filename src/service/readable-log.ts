import { escapeControls } from "../logger.ts";

/** Names of the levels of pino. */
const LEVELS: Readonly<Record<number, string>> = { 30: "info", 40: "warn", 50: "error" };

/** Prints a line of the log for people: `12:03:21 200 GET /w_300/cat.jpg, 12.3 ms, 14.2 kB`. */
export function printReadable(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const clock = String(time).slice(11, 19);
  const text = msg === "request" ? printRequest(fields) : printMessage(level, msg, fields);
  return `${clock} ${escapeControls(text)}\n`;
}

function printRequest(fields: Readonly<Record<string, unknown>>): string {
  const { status, method, path, ms, bytes } = fields;
  const size = Number(bytes) > 0 ? `, ${(Number(bytes) / 1000).toFixed(1)} kB` : "";
  return `${String(status)} ${String(method)} ${String(path)}, ${String(ms)} ms${size}`;
}

function printMessage(
  level: unknown,
  message: unknown,
  fields: Readonly<Record<string, unknown>>,
): string {
  const name = LEVELS[Number(level)] ?? "info";
  const details = Object.entries(fields).map(
    ([field, value]) => `, ${field}: ${printValue(value)}`,
  );
  return `${name === "info" ? "" : `${name}: `}${String(message)}${details.join("")}`;
}

function printValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
