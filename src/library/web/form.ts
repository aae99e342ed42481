import {
  getMultipartBoundary,
  MaxFileSizeExceededError,
  MaxTotalSizeExceededError,
  MultipartParseError,
  parseMultipartRequest,
} from "@remix-run/multipart-parser";
import { Semaphore } from "../../async/semaphore.ts";
import { MediaError, overloaded } from "../../errors.ts";
import { Refused } from "../refusal.ts";

/** A file that a request brings, and what it says about it. */
export interface Upload {
  readonly body: Uint8Array;
  readonly name: string | undefined;
  /** The other fields of the form. */
  readonly fields: ReadonlyMap<string, string>;
}

/** The parser holds a form in memory, so forms are bounded; a file that is sent raw is not held. */
const MAX_FORM_BYTES = 32 * 1024 * 1024;
/** Bytes of all forms that are read at the same time, and how many may wait. */
const FORMS_BYTES = 64 * 1024 * 1024;
const MAX_WAITING = 100;
const MAX_FIELDS = 20;

const room = new Semaphore({
  limit: FORMS_BYTES,
  maxWaiting: MAX_WAITING,
  createRefusal: () => overloaded("too many forms are being sent"),
});

export function isForm(request: Request): boolean {
  return /^multipart\/form-data\b/i.test(request.headers.get("content-type") ?? "");
}

/**
 * Reads a form with one file, and hands it to `use` before another form may take its room.
 *
 * @throws Refused `too_large`; MediaError `invalid_body` for what is no such form, `overloaded`
 */
export async function withForm<T>(
  request: Request,
  maxBytes: number,
  use: (upload: Upload) => Promise<T>,
): Promise<T> {
  const most = Math.min(maxBytes, MAX_FORM_BYTES);
  const declared = Number(request.headers.get("content-length") ?? MAX_FORM_BYTES);
  const weight = Math.min(Math.max(declared, 1), FORMS_BYTES);
  const lease = await room.acquire(weight, { signal: request.signal });
  try {
    return await use(await read(request, most));
  } catch (error) {
    throw translate(error, most);
  } finally {
    lease.release();
  }
}

async function read(request: Request, maxFileSize: number): Promise<Upload> {
  if (getMultipartBoundary(request.headers.get("content-type") ?? "") === null) {
    throw new MediaError("invalid_body", "the content type of a form must name its boundary");
  }
  const limits = { maxFileSize, maxParts: MAX_FIELDS, maxTotalSize: maxFileSize + 128 * 1024 };
  const fields = new Map<string, string>();
  let file: Pick<Upload, "body" | "name"> | undefined;
  for await (const part of parseMultipartRequest(request, limits)) {
    if (!part.isFile) fields.set(part.name ?? "", part.text);
    else if (file) throw new MediaError("invalid_body", "a form must have one file, got several");
    else file = { body: part.bytes, name: part.filename };
  }
  if (!file) throw new MediaError("invalid_body", "a form must have one file, got none");
  return { ...file, fields };
}

function translate(error: unknown, maxBytes: number): unknown {
  const isTooLarge =
    error instanceof MaxFileSizeExceededError || error instanceof MaxTotalSizeExceededError;
  if (isTooLarge) {
    const remedy = "send a larger one as the body of the request, and not in a form";
    return new Refused(
      "too_large",
      `a file in a form must have at most ${maxBytes} bytes: ${remedy}`,
    );
  }
  if (!(error instanceof MultipartParseError)) return error;
  return new MediaError("invalid_body", `the form cannot be read: ${error.message}`);
}
