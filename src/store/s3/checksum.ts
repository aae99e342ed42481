import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc32c, Crc64Nvme } from "@aws-sdk/checksums/crc";

type Digest = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Cost at most 1 ms of processor time per MiB. */
const QUICK: Readonly<Record<string, Digest>> = {
  crc32: (bytes) => {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(crc32(bytes));
    return digest;
  },
  sha1: (bytes) => createHash("sha1").update(bytes).digest(),
  sha256: (bytes) => createHash("sha256").update(bytes).digest(),
};

/** Cost 4 ms per MiB: Node has no code of its own for them. */
const SLOW: Readonly<Record<string, Digest>> = {
  crc32c: (bytes) => digestWith(new Crc32c(), bytes),
  crc64nvme: (bytes) => digestWith(new Crc64Nvme(), bytes),
};

/** Asks a store for the checksum that it keeps of an object. */
export const ASK_FOR_CHECKSUM = { "x-amz-checksum-mode": "ENABLED" };

/**
 * The name of the checksum that a body does not match; `undefined` where all match that are checked. TLS
 * has a check of its own, so the slow ones are computed for plain HTTP alone.
 */
export async function findMismatch(
  headers: Readonly<Record<string, string>>,
  bytes: Uint8Array,
  isEncrypted: boolean,
): Promise<string | undefined> {
  for (const [name, digest] of Object.entries(isEncrypted ? QUICK : { ...QUICK, ...SLOW })) {
    const expected = headers[`x-amz-checksum-${name}`];
    // of several parts it is a checksum of checksums, which ends with their number
    if (!expected || expected.includes("-")) continue;
    if (Buffer.from(await digest(bytes)).toString("base64") !== expected) return name;
  }
  return undefined;
}

function digestWith(checksum: Crc32c | Crc64Nvme, bytes: Uint8Array): Promise<Uint8Array> {
  checksum.update(bytes);
  return checksum.digest();
}
