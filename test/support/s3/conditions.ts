import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Answer } from "./script.ts";
import type { FaultyS3 } from "./proxy.ts";

/** A store that takes writes of variants, and knows nothing of conditions. */
export interface Unconditional {
  readonly answer: Answer;
  /** How many writes have come with a condition. */
  conditional(): number;
  /** The next write is carried out when this has resolved. */
  holdNext(until: Promise<unknown>): void;
}

/** @param refuse what it says to a condition; without it, nothing: the write is carried out */
export function withoutConditions(s3: FaultyS3, refuse?: Answer): Unconditional {
  let conditional = 0;
  let held: Promise<unknown> = Promise.resolve();
  const answer: Answer = (response, request) => {
    const { "if-none-match": absent, "if-match": present } = request.headers;
    if (absent !== undefined || present !== undefined) {
      conditional += 1;
      if (refuse) {
        refuse(response, request);
        return;
      }
    }
    const turn = held;
    held = Promise.resolve();
    void turn
      .then(() => write(s3, request))
      .then((etag) => response.writeHead(200, { etag }).end())
      .catch(() => response.destroy());
  };
  return {
    answer,
    conditional: () => conditional,
    holdNext: (until) => {
      held = until;
    },
  };
}

/** Signed anew, as the signature is of the condition, too. */
async function write(
  { client, endpoint }: FaultyS3,
  { url, headers, body }: Parameters<Answer>[1],
): Promise<string> {
  const path = url.slice(new URL(endpoint).pathname.length).replace(/[?].*/, "");
  const [, Bucket = "", ...segments] = path.split("/").map(decodeURIComponent);
  const metadata = Object.entries(headers)
    .filter(([name]) => name.startsWith("x-amz-meta-"))
    .map(([name, value]) => [name.slice("x-amz-meta-".length), String(value)]);
  const { ETag = "" } = await client.send(
    new PutObjectCommand({
      Bucket,
      Key: segments.join("/"),
      Body: body,
      ContentType: headers["content-type"],
      CacheControl: headers["cache-control"],
      ContentDisposition: headers["content-disposition"],
      Metadata: Object.fromEntries(metadata),
    }),
  );
  return ETag;
}
