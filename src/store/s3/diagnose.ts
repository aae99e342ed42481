import type { StoreErrorFacts, StoreProblem } from "./problems.ts";
import { TEXTS } from "./problems.ts";

/** A failure in plain words for operators, without secrets. */
export interface Diagnosis {
  readonly problem: StoreProblem;
  readonly message: string;
  readonly remedy: string;
}

/** Explains an error of a call to S3, or of a connection to its endpoint. */
export function diagnose(error: unknown): Diagnosis {
  const facts = readFacts(error);
  const problem = findProblem(facts);
  const { message, remedy } = TEXTS[problem](facts);
  return { problem, message, remedy };
}

/** An error that says what is wrong and how to fix it; the error thrown is its cause. */
export class StoreFault extends Error {
  override readonly name = "StoreFault";
  readonly problem: StoreProblem;

  constructor(error: unknown) {
    const { problem, message, remedy } = diagnose(error);
    super(`${message}: ${remedy}`, { cause: error });
    this.problem = problem;
  }
}

/** The error of a server that is not S3. */
export class NotS3 extends Error {
  override readonly name = "NotS3";
}

/** The fields of errors of the SDK, if they are there. */
interface SdkError extends Error {
  readonly code?: unknown;
  readonly Region?: unknown;
  readonly BucketName?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

function readFacts(thrown: unknown): StoreErrorFacts {
  // the fields of the SDK and of Node; each is checked before it is used
  const error: SdkError = thrown instanceof Error ? thrown : new Error(String(thrown));
  const own = readOwnFacts(error);
  if (!(error.cause instanceof Error) || error.$metadata) return own;
  const { message, code, status, contentType } = readFacts(error.cause);
  return {
    ...own,
    message: `${own.message} ${message}`,
    code: own.code || code,
    status: own.status ?? status,
    contentType: own.contentType || contentType,
  };
}

function readOwnFacts(error: SdkError): StoreErrorFacts {
  const headers = error.$response?.headers ?? {};
  return {
    name: error.name,
    message: error.message,
    code: asText(error.code) ?? "",
    status: error.$metadata?.httpStatusCode,
    region: findRegion(error, headers),
    bucket: asText(error.BucketName),
    contentType: headers["content-type"] ?? "",
  };
}

const REGION = /^[a-z]{2}[a-z\d-]{1,30}$/;

function findRegion(
  { Region, message }: SdkError,
  headers: Readonly<Record<string, string>>,
): string | undefined {
  const expected = /expecting '([a-z\d-]+)'/.exec(message)?.[1];
  const found = headers["x-amz-bucket-region"] ?? asText(Region) ?? expected;
  return found !== undefined && REGION.test(found) ? found : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** By the name of an error, which is the code in the body of an answer. */
const BY_NAME: Readonly<Record<string, StoreProblem>> = {
  CredentialsProviderError: "no_credentials",
  InvalidAccessKeyId: "unknown_key",
  InvalidClientTokenId: "unknown_key",
  UnrecognizedClientException: "unknown_key",
  SignatureDoesNotMatch: "wrong_secret",
  ExpiredToken: "expired_token",
  ExpiredTokenException: "expired_token",
  TokenRefreshRequired: "expired_token",
  InvalidToken: "expired_token",
  PermanentRedirect: "wrong_region",
  TemporaryRedirect: "wrong_region",
  AuthorizationHeaderMalformed: "wrong_region",
  IllegalLocationConstraintException: "wrong_region",
  RequestTimeTooSkewed: "wrong_clock",
  RequestExpired: "wrong_clock",
  NoSuchBucket: "no_bucket",
  InvalidBucketName: "bad_bucket",
  AccessDenied: "denied",
  AccessDeniedException: "denied",
  AllAccessDisabled: "denied",
  AccountProblem: "denied",
  NotImplemented: "unsupported",
  MethodNotAllowed: "unsupported",
  NotS3: "not_s3",
  TimeoutError: "slow",
  AbortError: "slow",
};

/** By the code of an error of Node. */
const BY_CODE: readonly (readonly [pattern: RegExp, problem: StoreProblem])[] = [
  [/^(?:ENOTFOUND|EAI_)/, "no_name"],
  [/^(?:ECONN|EHOST|ENET|EPIPE|UND_ERR_SOCKET)/, "no_connection"],
  [/^(?:CERT_|DEPTH_|SELF_|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO|HOSTNAME_)/, "no_trust"],
  [/^(?:ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_\w*TIMEOUT)/, "slow"],
  [/^HPE_/, "not_s3"],
];

function findProblem(facts: StoreErrorFacts): StoreProblem {
  const { name, code, message } = facts;
  const byCode = BY_CODE.find(([pattern]) => pattern.test(code))?.[1];
  if (byCode !== undefined) return byCode;
  const byName = BY_NAME[name];
  if (byName !== undefined) return byName;
  if (/Region is missing|Region not accepted/.test(message)) return "wrong_region";
  return isPage(facts) ? "not_s3" : byStatus(facts);
}

/** HTML comes from web servers, and from proxies with a login page. */
function isPage({ contentType, message, status }: StoreErrorFacts): boolean {
  return contentType.includes("text/html") || (/XML parse error/.test(message) && status !== 503);
}

const BY_STATUS: Readonly<Record<number, StoreProblem>> = {
  301: "wrong_region",
  307: "wrong_region",
  302: "not_s3",
  303: "not_s3",
  401: "denied",
  403: "denied",
  405: "unsupported",
  407: "not_s3",
  429: "failing",
  501: "unsupported",
};

function byStatus({ status = 0 }: StoreErrorFacts): StoreProblem {
  return BY_STATUS[status] ?? (status >= 500 ? "failing" : "other");
}
