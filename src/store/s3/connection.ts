import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { RetryBudget } from "../../async/retry-budget.ts";
import type { ByteSource } from "../store.ts";
import { encodeRest, encodeS3Key, checkS3Key } from "./keys.ts";
import { readErrorBody, S3Error, skipBody, toStoreError } from "./errors.ts";

/** A call about one object. */
export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT";
  readonly key: string;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | ByteSource;
  /** Of the body, in hexadecimal digits, where it is known already. A source without it is not signed. */
  readonly sha256?: string | undefined;
}

/** An answer with a status below 300, or 304 to a GET with a condition. */
export interface S3Response {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Holds a socket until it is read to its end or destroyed. */
  readonly body: IncomingMessage;
  /** It came over TLS. */
  readonly isEncrypted: boolean;
}

export interface PresignRequest {
  readonly method: "GET" | "HEAD";
  readonly key: string;
  /** Signed along with the rest. */
  readonly query: Readonly<Record<string, string>>;
  /** In milliseconds since 1970: the same gives the same URL. */
  readonly signedAt: number;
  readonly seconds: number;
}

/** A request in the terms of the SDK's signer and handler. */
interface HttpRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** The signer of the SDK, whose own types leave `presign` out. */
interface Signer {
  sign(request: HttpRequest, options: { readonly signingDate: Date }): Promise<HttpRequest>;
  presign(
    request: HttpRequest,
    options: { readonly signingDate: Date; readonly expiresIn: number },
  ): Promise<HttpRequest>;
}

/** Where a bucket is, and how requests to it are signed. */
interface Target {
  /** Set if the bucket turned out to be in another region than the settings say. */
  readonly region: string | undefined;
  readonly signer: Signer;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  /** With the port, unless it is the protocol's own. */
  readonly host: string;
  /** Stands before the key, and ends with a slash. */
  readonly path: string;
}

/** A request as it is sent, and the state of the connection by which it was signed. */
interface SignedRequest {
  readonly http: HttpRequest;
  readonly region: string | undefined;
  readonly clockOffsetMs: number;
  /** Where it is, 304 is no error. */
  readonly isConditional: boolean;
}

const EMPTY_SHA256 = createHash("sha256").digest("hex");
/** In milliseconds. S3 refuses requests whose clock is 15 minutes off. */
const MAX_SKEW_MS = 5 * 60_000;
/** A century, in milliseconds. No clock is that far off: such a date is not one to sign with. */
const MAX_CLOCK_OFFSET_MS = 100 * 365 * 86_400_000;

/**
 * Sends the calls that visitors wait for to one bucket. They take settings, credentials, signer and sockets
 * from an SDK client, but not its middleware, which takes nine tenths of the processor time of a call.
 */
export class BucketConnection {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #retries = new RetryBudget();
  #target: Promise<Target> | undefined;
  #clockOffsetMs = 0;
  /** Shared by all calls whose credentials have expired. */
  #refresh: Promise<{ readonly sessionToken?: string }> | undefined;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /**
   * Sends a request, and once more after a failure that may pass. A time-out is not retried: that would
   * give a slow store twice the work.
   *
   * @throws S3Error for any status but 2xx and 304, and what the connection or the signal throws
   */
  async send(request: S3Request, signal: AbortSignal): Promise<S3Response> {
    this.#retries.earn();
    const first = await this.#sign(request, signal);
    try {
      return await this.#exchange(first, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      // a lesson costs no retry: all calls that follow know it
      if (!(error instanceof S3Error && (await this.#learnFrom(error, first)))) {
        return this.#retryTransient(error, request, signal);
      }
    }
    return this.#exchange(await this.#sign(request, signal), signal);
  }

  /** Takes a retry from the budget, for a caller who repeats a call; `false` where none is left. */
  spendRetry(): boolean {
    return this.#retries.spend();
  }

  /** A URL that lets anybody make a call. `expiresAt` is in milliseconds since 1970. */
  async presign({
    method,
    key,
    query,
    signedAt,
    seconds,
  }: PresignRequest): Promise<{ readonly url: string; readonly expiresAt: number }> {
    const target = await this.#locate();
    const headers = { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" };
    const { path, query: signed } = await target.signer.presign(
      { ...toHttp(target, { method, key, headers }), query: { ...query } },
      { signingDate: new Date(signedAt), expiresIn: seconds },
    );
    // temporary credentials take all that they have signed with them
    const { expiration } = await this.#client.config.credentials();
    const expiresAt = Math.min(signedAt + seconds * 1000, expiration?.getTime() ?? Infinity);
    const pairs = Object.entries(signed).map((pair) => pair.map(encodeQuery).join("="));
    return { url: `${target.protocol}//${target.host}${path}?${pairs.join("&")}`, expiresAt };
  }

  async #sign(
    { method, key, headers: given, body, sha256 }: S3Request,
    signal: AbortSignal,
  ): Promise<SignedRequest> {
    signal.throwIfAborted();
    const target = await this.#locate();
    const headers = {
      ...given,
      "x-amz-content-sha256": sha256 ?? hashBody(body),
      ...(body && { "content-length": String(getLength(body)) }),
    };
    const clockOffsetMs = this.#clockOffsetMs;
    const signed = await target.signer.sign(toHttp(target, { method, key, headers }), {
      signingDate: new Date(Date.now() + clockOffsetMs),
    });
    return {
      http: { ...signed, ...(body && { body: toRequestBody(body) }) },
      region: target.region,
      clockOffsetMs,
      isConditional: method === "GET" && given?.["if-none-match"] !== undefined,
    };
  }

  async #exchange(
    { http, region, isConditional }: SignedRequest,
    signal: AbortSignal,
  ): Promise<S3Response> {
    const { requestHandler } = this.#client.config;
    const { response } = await requestHandler
      .handle(http, { abortSignal: signal })
      .catch((error: unknown) => {
        // there is no such region: the next call goes to that of the settings again
        if (region !== undefined && isUnknownHost(error)) this.#target = undefined;
        throw error;
      });
    const { statusCode: status, headers } = response;
    const body = response.body as IncomingMessage; // its type on Node
    if (status < 300 || (status === 304 && isConditional)) {
      return { status, headers, body, isEncrypted: http.protocol === "https:" };
    }
    const problem = http.method === "HEAD" ? skipBody(body) : await readErrorBody(body, signal);
    throw new S3Error(status, headers, problem);
  }

  async #retryTransient(
    error: unknown,
    request: S3Request,
    signal: AbortSignal,
  ): Promise<S3Response> {
    if (!isTransient(error) || !this.#retries.spend()) throw error;
    // a store that is overloaded gets more time than a connection that broke
    const isOverloaded = error instanceof S3Error && [429, 503].includes(error.status);
    await pause((isOverloaded ? 200 : 20) * (1 + Math.random()));
    const response = await this.#exchange(await this.#sign(request, signal), signal);
    this.#retries.giveBack();
    return response;
  }

  /**
   * True if the answer told where the bucket is, what time it is, or that credentials have expired, and the
   * request was signed without knowing it. Another call may have learnt it in the meantime.
   */
  async #learnFrom(
    { status, name, Region: region, date }: S3Error,
    sent: SignedRequest,
  ): Promise<boolean> {
    if (region !== undefined && [301, 307, 400].includes(status)) {
      return region !== sent.region && this.#moveTo(region);
    }
    if (name === "ExpiredToken") return this.#refreshCredentials(sent);
    const offsetMs = date - Date.now();
    const isSkewed = status === 403 && Math.abs(offsetMs - sent.clockOffsetMs) > MAX_SKEW_MS;
    if (!isSkewed || Math.abs(offsetMs) > MAX_CLOCK_OFFSET_MS) return false;
    this.#clockOffsetMs = offsetMs;
    return true;
  }

  /** True if the bucket can be in the region; the name may be nonsense. */
  async #moveTo(region: string): Promise<boolean> {
    try {
      const target = await locate(this.#client, this.#bucket, region);
      this.#target = Promise.resolve(target);
      return true;
    } catch {
      return false;
    }
  }

  /** True if the provider has other credentials than those that have expired. */
  async #refreshCredentials({ http }: SignedRequest): Promise<boolean> {
    const { credentials } = this.#client.config;
    const expired = http.headers["x-amz-security-token"];
    if ((await credentials()).sessionToken !== expired) return true;
    this.#refresh ??= credentials({ forceRefresh: true }).finally(() => {
      this.#refresh = undefined;
    });
    return (await this.#refresh).sessionToken !== expired;
  }

  #locate(): Promise<Target> {
    this.#target ??= locate(this.#client, this.#bucket, undefined).catch((error: unknown) => {
      this.#target = undefined;
      throw error;
    });
    return this.#target;
  }
}

/**
 * Has the SDK build a request, which is never sent: it knows the rules of host names, path style, FIPS,
 * dual-stack, access points and the endpoint of the environment.
 */
async function locate(
  client: S3Client,
  bucket: string,
  region: string | undefined,
): Promise<Target> {
  const sender = region === undefined ? client : moveTo(client, region);
  const command = new GetObjectCommand({ Bucket: bucket, Key: "k" });
  let built: HttpRequest | undefined;
  let signingRegion: unknown;
  command.middlewareStack.add(
    (_, context) => (args) => {
      built = (args as { request: HttpRequest }).request; // it has one by this step
      signingRegion = context["signing_region"];
      return Promise.resolve({ response: undefined, output: { $metadata: {} } });
    },
    { step: "build", priority: "low" },
  );
  await sender.send(command);
  if (!built) throw new Error("the SDK has built no request");
  const { protocol, hostname, port, path } = built;
  return {
    region,
    signer: await createSigner(sender, String(signingRegion)),
    protocol,
    hostname,
    port,
    host: port === undefined ? hostname : `${hostname}:${port}`,
    path: path.slice(0, -1),
  };
}

/** A client with the same credentials and sockets. */
function moveTo({ config }: S3Client, region: string): S3Client {
  // the SDK takes resolved settings as settings, which its types do not say; its signer keeps its region
  const settings = { ...config, region, signer: undefined, signingRegion: undefined } as unknown;
  return new S3Client(settings as S3ClientConfig);
}

async function createSigner({ config }: S3Client, signingRegion: string): Promise<Signer> {
  const scheme = { name: "sigv4", signingName: "s3", signingRegion, properties: {} };
  return (await config.signer(scheme)) as Signer; // the SDK's class has both methods
}

function toHttp(
  { protocol, hostname, port, host, path }: Target,
  { method, key, headers }: Pick<S3Request, "method" | "key" | "headers">,
): HttpRequest {
  return {
    method,
    protocol,
    hostname,
    ...(port !== undefined && { port }),
    path: path + encodeS3Key(key),
    query: {},
    headers: { host, ...headers },
  };
}

function hashBody(body: S3Request["body"]): string {
  if (!body) return EMPTY_SHA256;
  if (!(body instanceof Uint8Array)) return "UNSIGNED-PAYLOAD";
  return createHash("sha256").update(body).digest("hex");
}

function getLength(body: Uint8Array | ByteSource): number {
  return body instanceof Uint8Array ? body.length : body.size;
}

/** A stream is opened anew for each attempt. */
function toRequestBody(body: Uint8Array | ByteSource): Uint8Array | Readable {
  return body instanceof Uint8Array ? body : Readable.from(body.open(), { objectMode: false });
}

/** As SigV4 has it, beside what `encodeURIComponent` does. */
function encodeQuery(value: unknown): string {
  return encodeRest(encodeURIComponent(String(value)));
}

function isUnknownHost(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOTFOUND";
}

const TRANSIENT: ReadonlySet<unknown> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "EAI_AGAIN",
]);

/** True if the same call may succeed a moment later. */
function isTransient(error: unknown): boolean {
  if (error instanceof S3Error)
    return error.status === 429 || [500, 502, 503, 504].includes(error.status);
  return error instanceof Error && "code" in error && TRANSIENT.has(error.code);
}

interface PresignOptions {
  readonly method: "GET" | "HEAD";
  /** The `v` in the query, which is signed, too. */
  readonly version: string;
  /** The begin of its validity in milliseconds since 1970; the same time gives the same URL. */
  readonly signedAt: number;
  /** How long it is valid, unless the credentials expire earlier. */
  readonly seconds: number;
}

interface SignedUrl {
  /** It grants access, so it must not be logged. */
  readonly url: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Creates a URL by which anybody can read an object of a private bucket for a while. */
export type Presign = (key: string, options: PresignOptions) => Promise<SignedUrl>;

/** @param client with the endpoint that clients reach */
export function createPresign(client: S3Client, bucket: string): Presign {
  const connection = new BucketConnection(client, bucket);
  return async (key, { version, ...options }) => {
    checkS3Key(key);
    try {
      return await connection.presign({ key, query: { v: version }, ...options });
    } catch (error) {
      throw toStoreError(error);
    }
  };
}
