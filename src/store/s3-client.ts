import { S3Client } from "@aws-sdk/client-s3";

export interface S3ClientOptions {
  /** The bucket is in the path and not in the host name: what most servers beside AWS want. */
  readonly forcePathStyle: boolean;
  /** Given only in tests; region, endpoint and credentials come from the AWS_* environment. */
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A client whose every wait has an end; without these settings a silent server holds it for ever. */
export function createS3Client({ forcePathStyle, ...rest }: S3ClientOptions): S3Client {
  const agent = { keepAlive: true, maxSockets: 200 };
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
      requestTimeout: 2400,
      throwOnRequestTimeout: true, // the time-out alone only warns
      socketTimeout: 2400,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}
