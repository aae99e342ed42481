import { randomUUID } from "node:crypto";
import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { DoctorTarget } from "./target.ts";
import { limit } from "./target.ts";

/** Objects that doctor writes below the prefix of variants, and deletes again. */
export interface Probe {
  /** Gives the key of an object. */
  key(name: string): string;
  /** Writes an object, with other bytes each time. @returns its ETag */
  put(name: string, more?: Partial<PutObjectCommandInput>): Promise<string>;
  /** Gives the bytes that were written last. */
  getBytes(name: string): Buffer;
  remove(name: string): Promise<void>;
  /** Deletes all objects that are left, as far as possible. */
  clear(): Promise<void>;
}

export const PROBE_TYPE = "image/png";

export function createProbe({ client, variants, cacheControl }: DoctorTarget): Probe {
  const folder = `${variants.prefix}shift-media-doctor-${randomUUID()}/`;
  const left = new Map<string, Buffer>();
  const Bucket = variants.bucket;
  const remove = async (name: string): Promise<void> => {
    await client.send(new DeleteObjectCommand({ Bucket, Key: folder + name }), limit());
    left.delete(name);
  };
  return {
    key: (name) => folder + name,
    getBytes: (name) => left.get(name) ?? Buffer.alloc(0),
    put: async (name, more = {}) => {
      const Body = Buffer.from(`shift-media doctor ${randomUUID()}`);
      const written = left.get(name);
      // noted before: a write may succeed although its answer is lost
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
