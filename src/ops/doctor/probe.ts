import { randomUUID } from "node:crypto";
import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Patient } from "./target.ts";
import { limit } from "./target.ts";

/** Objects of our own below the variants' prefix, all of which go again. */
export interface Probe {
  /** The key of an object that is to be. */
  key(name: string): string;
  /** Writes one; it has other bytes each time. @returns its ETag */
  put(name: string, more?: Partial<PutObjectCommandInput>): Promise<string>;
  /** What was written last under a name. */
  bytesOf(name: string): Buffer;
  remove(name: string): Promise<void>;
  /** Takes away all that is left, as far as that can be done. */
  clear(): Promise<void>;
}

export const PROBE_TYPE = "image/png";

export function createProbe({ client, variants, cacheControl }: Patient): Probe {
  const folder = `${variants.prefix}shift-media-doctor-${randomUUID()}/`;
  const left = new Map<string, Buffer>();
  const Bucket = variants.bucket;
  const remove = async (name: string): Promise<void> => {
    await client.send(new DeleteObjectCommand({ Bucket, Key: folder + name }), limit());
    left.delete(name);
  };
  return {
    key: (name) => folder + name,
    bytesOf: (name) => left.get(name) ?? Buffer.alloc(0),
    put: async (name, more = {}) => {
      const Body = Buffer.from(`shift-media doctor ${randomUUID()}`);
      const written = left.get(name);
      // noted before: a write whose answer is lost may have happened
      left.set(name, written ?? Body);
      const common = { ContentType: PROBE_TYPE, CacheControl: cacheControl };
      const { ETag } = await client.send(
        new PutObjectCommand({ Bucket, Key: folder + name, Body, ...common, ...more }),
        limit(),
      );
      left.set(name, Body);
      return ETag ?? "";
    },
    remove,
    clear: async () => {
      await Promise.allSettled([...left.keys()].map((name) => remove(name)));
    },
  };
}
