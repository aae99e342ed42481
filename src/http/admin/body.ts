import { MediaError } from "../../errors.ts";

/**
 * Reads a body of UTF-8.
 *
 * @throws MediaError `too_large`, before more than `maxBytes` are held; `invalid_body` for other bytes; `aborted`
 */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let size = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const chunk = await reader?.read().catch(leave);
    if (!chunk || chunk.done) return text + decode(decoder);
    size += chunk.value.length;
    if (size > maxBytes) {
      await reader?.cancel();
      throw new MediaError("too_large", `the body must have at most ${maxBytes} bytes`);
    }
    text += decode(decoder, chunk.value);
  }
}

/** A body breaks off when whoever sends it goes. */
function leave(cause: unknown): never {
  throw new MediaError("aborted", "the client has gone", { cause });
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes?: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch (cause) {
    throw new MediaError("invalid_body", "the body must be UTF-8", { cause });
  }
}
