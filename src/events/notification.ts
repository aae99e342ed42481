import { z } from "zod";
import { MediaError } from "../errors.ts";
import type { BucketEvent, OtherEvent, RefusedEvent } from "./purge-changed.ts";

/** No sender puts more into one message. */
const MAX_RECORDS = 1000;

const SHAPES =
  "a notification of S3 or MinIO (Records), an event of EventBridge (detail-type), or one or a list of R2 (action)";

type Event = BucketEvent | OtherEvent | RefusedEvent;

const name = z.string().min(1);
const s3Record = z.object({
  eventName: z.string(),
  s3: z.object({ bucket: z.object({ name }), object: z.object({ key: name }) }),
});
const eventBridgeEvent = z.object({
  source: z.string(),
  "detail-type": z.string(),
  detail: z.object({ bucket: z.object({ name }), object: z.object({ key: name }) }),
});
const r2Event = z.object({ action: z.string(), bucket: name, object: z.object({ key: name }) });

/**
 * Reads messages of S3, EventBridge, R2 and MinIO, also inside a message of SNS. Events that are not about the
 * bytes of an object are read as `other`. A malformed record does not affect the records beside it.
 *
 * @throws MediaError `invalid_body` for another message, or one whose records are all malformed
 */
export function readNotification(text: string): readonly Event[] {
  return readShape(parseJson("the body", text));
}

/** @throws MediaError `invalid_body` */
export function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MediaError("invalid_body", `${what} must be JSON`);
  }
}

/** @throws MediaError `invalid_body` that names the first field that is wrong */
export function parseShape<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new MediaError("invalid_body", `${what} is wrong at "${field}": ${issue?.message ?? ""}`);
}

function readShape(body: unknown): readonly Event[] {
  if (Array.isArray(body)) return readList(body, readR2);
  if (!isRecord(body)) throw unknownShape();
  if (Array.isArray(body["Records"])) return readList(body["Records"], readS3);
  if (body["Type"] === "Notification" && typeof body["Message"] === "string") {
    return readInner(body["Message"]);
  }
  if (body["Event"] === "s3:TestEvent") return [other("it is a test")];
  if ("detail-type" in body) return [readEventBridge(body)];
  if ("action" in body) return [readR2(body)];
  throw unknownShape();
}

/** Reads the inner message of a message of SNS that came through a queue; SNS does not nest further. */
function readInner(text: string): readonly Event[] {
  const inner = parseJson("the message", text);
  if (isRecord(inner) && inner["Type"] !== undefined) throw unknownShape();
  return readShape(inner);
}

function unknownShape(): MediaError {
  return new MediaError("invalid_body", `the body must be ${SHAPES}`);
}

function readList(list: readonly unknown[], read: (one: unknown) => Event): readonly Event[] {
  if (list.length > MAX_RECORDS) {
    const problem = `a message must have at most ${MAX_RECORDS} records, got ${list.length}`;
    throw new MediaError("invalid_body", problem);
  }
  const problems: MediaError[] = [];
  const events = list.map((one, index): Event => {
    try {
      return read(one);
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      problems.push(error);
      return { kind: "refused", reason: `record ${index + 1}: ${error.message}` };
    }
  });
  const [problem] = problems;
  // refuse the message only if all are bad: the sender would repeat the good ones, too
  if (problem && problems.length === list.length) throw problem;
  return events;
}

/** MinIO and Ceph begin the names with `s3:`; MinIO also calls changes of tags and locks creations. */
const S3_CREATED = /^(?:s3:)?ObjectCreated:(?!(?:Put|Delete)Tagging|PutRetention|PutLegalHold)/;
const S3_DELETED = /^(?:s3:)?(?:ObjectRemoved|LifecycleExpiration|ObjectLifecycle:Expiration):/;

function readS3(record: unknown): Event {
  const kind = matchKind(isRecord(record) ? record["eventName"] : undefined, {
    created: S3_CREATED,
    deleted: S3_DELETED,
  });
  if (kind === undefined) return toOtherEvent(record, "eventName");
  const { s3 } = parseShape("a record", s3Record, record);
  return { kind, bucket: s3.bucket.name, key: decodeFormKey(s3.object.key) };
}

/** Decodes a key as S3 encodes it: as in a form, `+` is a space. */
function decodeFormKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll("+", " "));
  } catch {
    const problem = `a key must be URL-encoded UTF-8, got "${encoded.slice(0, 100)}"`;
    throw new MediaError("invalid_body", problem);
  }
}

function readEventBridge(body: Readonly<Record<string, unknown>>): Event {
  const kind = matchKind(body["source"] === "aws.s3" ? body["detail-type"] : undefined, {
    created: /^Object Created$/,
    deleted: /^Object Deleted$/,
  });
  if (kind === undefined) return toOtherEvent(body, "detail-type");
  const { detail } = parseShape("the event", eventBridgeEvent, body);
  return { kind, bucket: detail.bucket.name, key: detail.object.key };
}

function readR2(event: unknown): Event {
  const kind = matchKind(isRecord(event) ? event["action"] : undefined, {
    created: /^(?:PutObject|CopyObject|CompleteMultipartUpload)$/,
    deleted: /^(?:DeleteObject|LifecycleDeletion)$/,
  });
  if (kind === undefined) return toOtherEvent(event, "action");
  const { bucket, object } = parseShape("the event", r2Event, event);
  return { kind, bucket, key: object.key };
}

function matchKind(
  value: unknown,
  { created, deleted }: { readonly created: RegExp; readonly deleted: RegExp },
): BucketEvent["kind"] | undefined {
  if (typeof value !== "string") return undefined;
  if (created.test(value)) return "created";
  return deleted.test(value) ? "deleted" : undefined;
}

function toOtherEvent(event: unknown, field: string): OtherEvent {
  const value = isRecord(event) ? event[field] : undefined;
  if (typeof value === "string") return other(`it is of another kind: "${value.slice(0, 100)}"`);
  throw new MediaError("invalid_body", `an event must have a "${field}"`);
}

function other(reason: string): OtherEvent {
  return { kind: "other", reason };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
