import { readBody } from "../../async/body.ts";
import { MediaError } from "../../errors.ts";
import { clientGone } from "../answer/problem.ts";

/**
 * Reads a body of UTF-8.
 *
 * @throws MediaError `too_large` for more than `maxBytes`, `invalid_body` for other bytes, `aborted` when the
 * client leaves
 */
export async function readText({ body }: Request, maxBytes: number): Promise<string> {
  const { bytes, isWhole } = await readBody(body, maxBytes).catch((cause: unknown) => {
    throw clientGone(cause); // only then does the body of a request break off
  });
  if (!isWhole) {
    throw new MediaError("too_large", `the body must have at most ${maxBytes} bytes`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new MediaError("invalid_body", "the body must be UTF-8", { cause });
  }
}
