import { vi } from "vitest";
import type { S3Server } from "./server.ts";

/** Has this process find an S3 server as it would find AWS; `vi.unstubAllEnvs` undoes it. */
export function useS3({
  endpoint,
  region,
  credentials,
}: Pick<S3Server, "endpoint" | "region" | "credentials">): void {
  vi.stubEnv("AWS_ENDPOINT_URL_S3", endpoint);
  vi.stubEnv("AWS_REGION", region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey);
}
