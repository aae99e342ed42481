import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { startS3Server } from "../test/support/s3/server.ts";
import type { Environment } from "./service.ts";
import type { Originals } from "./originals.ts";

/** An S3 server on loopback behind a proxy that counts what is asked of it. */
export interface CountedS3 {
  /** The environment that makes a server use it. */
  readonly environment: Environment;
  /** Requests so far: their method and path, without the query. */
  readonly seen: string[];
  put(originals: Originals, keys: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startCountedS3(): Promise<CountedS3> {
  const s3 = await startS3Server();
  const target = new URL(s3.endpoint);
  const seen: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    const { method, url = "/", headers } = incoming;
    seen.push(`${method} ${url.split("?")[0]}`);
    // the host stays the one that was signed
    const options = { host: target.hostname, port: target.port, method, path: url, headers };
    const onward = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  const { port } = proxy.address() as AddressInfo; // it listens on a port, not on a pipe
  const credentials = s3.credentials;
  const client = new S3Client({ ...s3, forcePathStyle: true });
  return {
    environment: {
      S3_BUCKET: s3.originalsBucket,
      S3_VARIANTS_BUCKET: s3.variantsBucket,
      S3_FORCE_PATH_STYLE: "true",
      ALLOW_UNSIGNED: "true",
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}${target.pathname}`,
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    seen,
    put: async (originals, keys) => {
      for (const Key of keys) {
        const Body = await originals.bytesOf(Key);
        await client.send(new PutObjectCommand({ Bucket: s3.originalsBucket, Key, Body }));
      }
    },
    stop: async () => {
      client.destroy();
      proxy.closeAllConnections();
      proxy.close();
      await s3.stop();
    },
  };
}
