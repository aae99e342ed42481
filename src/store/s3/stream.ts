import type { IncomingMessage } from "node:http";
import { anySignal, createTimeout } from "../../async/abort.ts";
import { MediaError } from "../../errors.ts";
import type { S3Bucket } from "./bucket.ts";
import type { S3Response } from "./connection.ts";
import { getStatus, toStoreError } from "./errors.ts";
import { checkS3Key } from "./keys.ts";
import { toObjectInfo, readMissing, noVersion } from "./read.ts";
import type { ByteStream, OpenOptions, OpenResult } from "../store.ts";

/** Opens an object as a stream; its socket is idle while its client takes nothing. */
export async function openBody(
  bucket: S3Bucket,
  key: string,
  { range, ifMatch, signal }: OpenOptions,
): Promise<OpenResult> {
  checkS3Key(key);
  const { timeoutMs } = bucket;
  const headers = {
    ...(range && { range: `bytes=${range.first}-${range.last}` }),
    ...(ifMatch && { "if-match": ifMatch }),
  };
  const timeout = createTimeout(timeoutMs);
  const either = signal ? anySignal([signal, timeout.signal]) : timeout.signal;
  try {
    const response = await bucket.streams.send({ method: "GET", key, headers }, either);
    return found(response, { range, timeoutMs });
  } catch (error) {
    // an object without this range is not the one that was found
    const hasChanged = [412, 416].includes(getStatus(error) ?? 0);
    const outcome = hasChanged ? ({ kind: "changed" } as const) : readMissing(bucket, error);
    if (outcome) return outcome;
    throw toStoreError(error);
  } finally {
    timeout.clear();
  }
}

function found(
  { headers, body }: S3Response,
  { range, timeoutMs }: { readonly range: OpenOptions["range"]; readonly timeoutMs: number },
): OpenResult {
  const given = Number(headers["content-length"] ?? NaN);
  const size = range ? wholeSize(headers["content-range"]) : given;
  const length = range ? range.last - range.first + 1 : size;
  if (!headers["etag"] || Number.isNaN(size) || length !== given) {
    body.destroy();
    if (!headers["etag"]) throw noVersion();
    throw new MediaError("store_failed", "the store did not send the range that it was asked for");
  }
  const info = { ...toObjectInfo(headers), size };
  return { kind: "found", info, body: streamBody(body, { length, timeoutMs }) };
}

function wholeSize(contentRange = ""): number {
  return Number(/\/(\d+)$/.exec(contentRange)?.[1]);
}

interface BodyOptions {
  /** In bytes. */
  readonly length: number;
  /** How long the store may take for the next bytes, once they are wanted. */
  readonly timeoutMs: number;
}

function streamBody(stream: IncomingMessage, { length, timeoutMs }: BodyOptions): ByteStream {
  stream.on("error", () => undefined); // the reader gets the error, if there is one
  const giveUp = (): void => {
    stream.destroy(new MediaError("timeout", "the store stopped in the middle of an object"));
  };
  return {
    close: () => stream.destroy(),
    async *[Symbol.asyncIterator]() {
      let taken = 0;
      let timer = setTimeout(giveUp, timeoutMs);
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          clearTimeout(timer); // from here on it is the reader who takes time
          taken += chunk.length;
          if (taken > length) break;
          yield chunk;
          timer = setTimeout(giveUp, timeoutMs);
        }
      } catch (cause) {
        if (cause instanceof MediaError) throw cause;
        throw new MediaError(
          "store_failed",
          "the connection to the store broke off in the middle of an object",
          { cause },
        );
      } finally {
        clearTimeout(timer);
        stream.destroy();
      }
      if (taken !== length) {
        throw new MediaError("store_failed", `the store gave ${taken} of ${length} bytes`);
      }
    },
  };
}
