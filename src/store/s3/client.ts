import { S3Client } from "@aws-sdk/client-s3";

export interface S3ClientOptions {
  /** The bucket is in the path and not in the host name: what most servers beside AWS want. */
  readonly forcePathStyle: boolean;
  /** Given only in tests; region, endpoint and credentials come from the AWS_* environment. */
  readonly endpoint?: string;
  readonly region?: string;
  /** How long an attempt may wait for an answer, or for more of one. Default: 2400 ms. */
  readonly timeoutMs?: number;
  /** How many requests may be under way; others wait. */
  readonly maxSockets?: number;
  /** Whether a socket may rest in the middle of a body, because nobody takes it for a while. */
  readonly mayRest?: boolean;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A client whose every wait has an end; without these settings a silent server holds it for ever. */
export function createS3Client(options: S3ClientOptions): S3Client {
  const { forcePathStyle, timeoutMs = 2400, maxSockets = 200, mayRest = false, ...rest } = options;
  const agent = { keepAlive: true, maxSockets };
  return new S3Client({
    forcePathStyle,
    ...rest,
    maxAttempts: 2,
    // checksum trailers and 100-continue are what stores beside AWS stumble over
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: 1000,
      requestTimeout: timeoutMs, // all that is sent, and the head of the answer
      throwOnRequestTimeout: true, // the time-out alone only warns
      socketTimeout: mayRest ? 0 : timeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}
