import { S3Client } from "@aws-sdk/client-s3";

export interface S3ClientOptions {
  /** Put the bucket into the path and not into the host name, as most servers other than AWS need. */
  readonly forcePathStyle: boolean;
  /** Given only in tests; region, endpoint and credentials come from the AWS_* environment. */
  readonly endpoint?: string;
  readonly region?: string;
  /** How long an attempt may wait for an answer, or for more of one. Default: 2400 ms. */
  readonly timeoutMs?: number;
  /** Requests at the same time; others wait. */
  readonly maxSockets?: number;
  /** The signals of its calls bound them: a body may be sent for long, and rest while its client takes nothing. */
  readonly mayRest?: boolean;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Creates a client with time-outs; by default a silent server would hold its calls for ever. */
export function createS3Client(options: S3ClientOptions): S3Client {
  const { forcePathStyle, timeoutMs = 2400, maxSockets = 200, mayRest = false, ...rest } = options;
  // the SDK would print eight lines for each process; doctor says it in one
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const agent = { keepAlive: true, maxSockets };
  return new S3Client({
    forcePathStyle,
    ...rest,
    maxAttempts: 2,
    // some stores other than AWS fail on checksum trailers and 100-continue
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: 1000,
      requestTimeout: mayRest ? 0 : timeoutMs, // for the whole request, and the head of the answer
      throwOnRequestTimeout: true, // otherwise the time-out only warns
      socketTimeout: mayRest ? 0 : timeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}
