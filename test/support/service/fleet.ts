import { once } from "node:events";
import { ADMIN_TOKEN } from "./app.ts";
import type { CliRun } from "./cli.ts";
import { startCli, waitForUrl } from "./cli.ts";
import type { S3Server } from "../s3/server.ts";

/** One instance of the service: a process with image processes of its own. */
export interface Instance {
  readonly name: string;
  readonly url: string;
  readonly run: CliRun;
  /** Sends a signal, and resolves with the exit code, which is `null` for a process that was killed. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

/** Starts an instance on a store, with nothing in its environment but what says which store. */
export async function startInstance(
  name: string,
  s3: Omit<S3Server, "stop">,
  environment: Readonly<Record<string, string>> = {},
): Promise<Instance> {
  const run = startCli(["serve"], {
    environment: {
      PORT: "0",
      POOL_SIZE: "1",
      POLICY: "open",
      ADMIN_TOKEN,
      S3_BUCKET: s3.originalsBucket,
      S3_VARIANTS_BUCKET: s3.variantsBucket,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      ...environment,
    },
  });
  const { process: child } = run;
  return {
    name,
    url: await waitForUrl(run),
    run,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, "exit");
      child.kill(signal);
      const [code] = (await ended) as [number | null]; // the code is the first argument of this event
      return code;
    },
  };
}
