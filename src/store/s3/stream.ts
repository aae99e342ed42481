import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { anySignal, createTimeout } from "../../abort.ts";
import { MediaError } from "../../errors.ts";
import type { S3Bucket } from "./bucket.ts";
import { getStatus, toStoreError } from "./errors.ts";
import { checkS3Key } from "./keys.ts";
import type { DestroyableStream } from "./read.ts";
import { toObjectInfo, readMissing, noVersion, getStream } from "./read.ts";
import type { ByteStream, OpenOptions, OpenResult } from "../store.ts";

/** An object whose body is read as it is taken; its socket rests while nobody takes any. */
export async function openObject(
  bucket: S3Bucket,
  key: string,
  { range, ifMatch, signal }: OpenOptions,
): Promise<OpenResult> {
  checkS3Key(key);
  const command = new GetObjectCommand({
    Bucket: bucket.bucket,
    Key: key,
    ...(range && { Range: `bytes=${range.first}-${range.last}` }),
    ...(ifMatch && { IfMatch: ifMatch }),
  });
  const { client, openClient = client, timeoutMs } = bucket;
  const timeout = createTimeout(timeoutMs);
  const abortSignal = signal ? anySignal([signal, timeout.signal]) : timeout.signal;
  try {
    const output = await openClient.send(command, { abortSignal });
    return found(output, { range, timeoutMs });
  } catch (error) {
    // what does not have this part is not what it was
    const hasChanged = [412, 416].includes(getStatus(error) ?? 0);
    const outcome = hasChanged ? ({ kind: "changed" } as const) : readMissing(bucket, error);
    if (outcome) return outcome;
    throw toStoreError(error);
  } finally {
    timeout.clear();
  }
}

function found(
  output: GetObjectCommandOutput,
  { range, timeoutMs }: { readonly range: OpenOptions["range"]; readonly timeoutMs: number },
): OpenResult {
  const stream = getStream(output.Body);
  const size = range ? wholeSize(output.ContentRange) : (output.ContentLength ?? NaN);
  const length = range ? range.last - range.first + 1 : size;
  if (!output.ETag || Number.isNaN(size) || length !== output.ContentLength) {
    stream.destroy();
    if (!output.ETag) throw noVersion();
    throw new MediaError("store_failed", "the store did not give as much as it was asked for");
  }
  const info = { ...toObjectInfo(output), size };
  return { kind: "found", info, body: streamBody(stream, { length, timeoutMs }) };
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

function streamBody(stream: DestroyableStream, { length, timeoutMs }: BodyOptions): ByteStream {
  stream.on("error", () => undefined); // who reads it hears of it, and there may be nobody
  const giveUp = (): void => {
    stream.destroy(new MediaError("timeout", "the store has stopped in the middle of an object"));
  };
  return {
    close: () => stream.destroy(),
    async *[Symbol.asyncIterator]() {
      let taken = 0;
      let timer = setTimeout(giveUp, timeoutMs);
      try {
        for await (const chunk of stream) {
          clearTimeout(timer); // from here on it is the reader who takes time
          taken += chunk.length;
          if (typeof chunk === "string" || taken > length) break;
          yield chunk;
          timer = setTimeout(giveUp, timeoutMs);
        }
      } catch (cause) {
        if (cause instanceof MediaError) throw cause;
        throw new MediaError("store_failed", "the store has broken off", { cause });
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
