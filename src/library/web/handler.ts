import { readBody } from "../../async/body.ts";
import { MediaError, STATUS } from "../../errors.ts";
import { decodeSegment, encodeSegment } from "../../url/percent.ts";
import type { TrashDays } from "../../url/trash.ts";
import type { FileChange } from "../change.ts";
import type { Item } from "../item.ts";
import type { PutFileOptions, TakenFile } from "../put.ts";
import type { FileBody } from "../receive.ts";
import type { Refusal, RefusalCode } from "../refusal.ts";
import { orRefusal } from "../refusal.ts";
import type { DeleteOptions, Deleted } from "../remove.ts";
import type { Page, PageQuery } from "../list.ts";
import { isForm, withForm } from "./form.ts";

/** The rights of a caller: everything with the files of one owner, or with all. */
export interface Grant {
  /** Default: the files of all owners. */
  readonly owner?: string | undefined;
}

export interface HandlerOptions {
  /** Where the handler is mounted: `/api/media`. */
  readonly path: string;
  /**
   * Tells who calls. A response is sent as it is, `undefined` answers 401. A session in a cookie needs a defence against
   * forged requests of foreign pages, as for every other route of the application.
   */
  readonly authorize: (
    request: Request,
  ) => Grant | Response | undefined | Promise<Grant | Response | undefined>;
}

/** A function from request to response, for any server that speaks web standards. */
export type Handler = (request: Request) => Promise<Response>;

/** The methods of a collection that the handler calls. */
export interface HandledCollection {
  put(
    body: FileBody,
    options: PutFileOptions & { readonly meta?: unknown },
  ): Promise<TakenFile | Refusal>;
  get(key: string): Promise<Item | undefined>;
  page(query: PageQuery): Promise<Page<Item>>;
  update(key: string, change: FileChange): Promise<TakenFile | Refusal>;
  move(from: string, to: string): Promise<TakenFile | Refusal>;
  delete(key: string, options: DeleteOptions): Promise<Deleted>;
}

/** A collection, and where its files are. */
export interface Handled {
  readonly collection: HandledCollection;
  /** Keys begin with it. */
  readonly prefix: string;
  readonly maxBytes: number;
}

interface Call extends Handled {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly grant: Grant;
  /** Empty for the collection itself. */
  readonly key: string;
}

/** Bytes of a change. */
const MAX_CHANGE_BYTES = 256 * 1024;

/**
 * `POST ?key=&name=&owner=&meta=&replace` takes a file, as the body or in a form; `GET ?prefix=&owner=&cursor=&limit=` lists;
 * `GET KEY` describes, with `?file` it sends the bytes; `PATCH KEY` changes `meta`, `focal`, `name` and `key`;
 * `DELETE KEY?after=` deletes.
 */
export function createMediaRoutes(handled: Handled, { path, authorize }: HandlerOptions): Handler {
  const folder = path.replace(/\/$/, "");
  return async (request) => {
    try {
      const url = new URL(request.url);
      const key = readKey(url.pathname, folder);
      const method = request.method === "HEAD" ? "GET" : request.method;
      const route = ROUTES[key === "" ? "collection" : "file"][method];
      if (!route) return refuseMethod(key);
      const grant = await authorize(request);
      if (grant instanceof Response) return grant;
      if (!grant) throw new MediaError("unauthorized", "you must be signed in");
      return await route({ ...handled, request, query: url.searchParams, grant, key });
    } catch (error) {
      return answerError(error);
    }
  };
}

type Route = (call: Call) => Promise<Response>;

const ROUTES: Readonly<Record<"collection" | "file", Readonly<Record<string, Route>>>> = {
  collection: { GET: list, POST: take },
  file: { GET: describe, PATCH: change, DELETE: remove },
};

function refuseMethod(key: string): Response {
  const allow = Object.keys(ROUTES[key === "" ? "collection" : "file"]).join(", ");
  return answerProblem(405, "method_not_allowed", `the method must be one of ${allow}`, { allow });
}

/** @throws MediaError `not_found` for a path elsewhere */
function readKey(pathname: string, path: string): string {
  const rest = pathname.startsWith(path) ? pathname.slice(path.length) : undefined;
  if (rest === undefined || (rest !== "" && !rest.startsWith("/"))) {
    throw new MediaError("not_found", `the path must be under "${path}"`);
  }
  return rest.slice(1).split("/").map(decodeSegment).join("/");
}

async function take(call: Call): Promise<Response> {
  const { request, maxBytes } = call;
  const outcome = isForm(request)
    ? await orRefusal(
        withForm(request, maxBytes, ({ body, name, fields }) => put(call, body, { name, fields })),
      )
    : await put(call, request.body ?? new Uint8Array(), {
        ...readLength(request),
        fields: new Map(),
      });
  return answerOutcome(outcome);
}

function readLength({ headers }: Request): { readonly size?: number } {
  const text = headers.get("content-length");
  return text === null ? {} : { size: Number(text) };
}

interface Sent {
  readonly name?: string | undefined;
  readonly size?: number;
  readonly fields: ReadonlyMap<string, string>;
}

async function put(
  { collection, query, grant, request }: Call,
  body: FileBody,
  { name, size, fields }: Sent,
): Promise<TakenFile | Refusal> {
  const read = (field: string): string | undefined =>
    fields.get(field) ?? query.get(field) ?? undefined;
  const meta = read("meta");
  return collection.put(body, {
    owner: grant.owner ?? read("owner"),
    name: read("name") ?? name,
    ...(size !== undefined && { size }),
    // an owner's files are named by the rules of the collection
    ...(grant.owner === undefined && { key: read("key"), replace: read("replace") !== undefined }),
    ...(meta !== undefined && { meta: parseJson(meta) }),
    signal: request.signal,
  });
}

async function list({ collection, query, grant }: Call): Promise<Response> {
  const limit = query.get("limit");
  const page = await collection.page({
    owner: grant.owner ?? query.get("owner") ?? undefined,
    prefix: query.get("prefix") ?? undefined,
    cursor: query.get("cursor") ?? undefined,
    ...(limit !== null && { limit: Number(limit) }),
  });
  return Response.json({ ...page, items: page.items.map(toJson) }, { headers: PRIVATE });
}

async function describe(call: Call): Promise<Response> {
  const item = await getItem(call);
  return call.query.has("file")
    ? sendFile(item, call.request.method === "HEAD")
    : Response.json(toJson(item), { headers: PRIVATE });
}

async function sendFile(item: Item, isHead: boolean): Promise<Response> {
  return new Response(isHead ? undefined : await item.stream(), {
    headers: {
      ...PRIVATE,
      "content-type": item.type,
      "content-length": String(item.bytes),
      "content-disposition": `attachment; filename*=UTF-8''${encodeSegment(item.name)}`,
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
    },
  });
}

async function change(call: Call): Promise<Response> {
  const { collection, key, grant } = call;
  const { meta, focal, name, key: to } = await readChange(call.request);
  if (to !== undefined && !isGranted(call, grant, to)) {
    throw new MediaError("not_allowed", "the key is another owner's");
  }
  await getItem(call);
  let outcome: TakenFile | Refusal | undefined;
  if ([meta, focal, name].some((field) => field !== undefined)) {
    outcome = await collection.update(key, { meta, focal, name });
  }
  if (to !== undefined && outcome?.ok !== false) {
    outcome = await collection.move(key, to);
  }
  if (!outcome) throw new MediaError("invalid_body", "there must be meta, focal, name or key");
  return answerOutcome(outcome.ok ? { ...outcome, existed: true } : outcome);
}

interface WantedChange extends FileChange {
  readonly key?: string | undefined;
}

/** @throws MediaError `invalid_body`, `too_large` */
async function readChange({ body }: Request): Promise<WantedChange> {
  const { bytes, isWhole } = await readBody(body, MAX_CHANGE_BYTES);
  if (!isWhole) {
    throw new MediaError("too_large", `the body must have at most ${MAX_CHANGE_BYTES} bytes`);
  }
  const given = parseJson(new TextDecoder().decode(bytes));
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new MediaError("invalid_body", "the body must be an object of meta, focal, name and key");
  }
  const { meta, focal, name, key } = given as Readonly<Record<string, unknown>>;
  if (focal !== undefined && focal !== "none" && !isPoint(focal)) {
    throw new MediaError("invalid_body", 'focal must be {"x": 0.3, "y": 0.7} or "none"');
  }
  const odd = Object.entries({ name, key }).find(
    ([, text]) => !["string", "undefined"].includes(typeof text),
  );
  if (odd) throw new MediaError("invalid_body", `${odd[0]} must be a text`);
  return { meta, focal, name, key } as WantedChange; // all of them have been checked
}

function isPoint(value: unknown): boolean {
  const { x, y } = (value ?? {}) as { readonly x?: unknown; readonly y?: unknown };
  return typeof x === "number" && typeof y === "number";
}

async function remove(call: Call): Promise<Response> {
  const { collection, key, query } = call;
  if (!isGranted(call, call.grant, key)) throw missing(key);
  const after = query.get("after");
  const days = after === null ? {} : { after: Number(after) as TrashDays }; // the collection checks it
  return Response.json(await collection.delete(key, days), { headers: PRIVATE });
}

async function getItem(call: Call): Promise<Item> {
  const { collection, key } = call;
  const item = isGranted(call, call.grant, key) ? await collection.get(key) : undefined;
  if (item) return item;
  throw missing(key);
}

/** The files of other owners are not there for the caller. */
function isGranted({ prefix }: Handled, { owner }: Grant, key: string): boolean {
  return owner === undefined || key.startsWith(`${prefix}${owner}/`);
}

function missing(key: string): MediaError {
  return new MediaError("not_found", `there is no file "${key}"`);
}

const PRIVATE = { "cache-control": "no-store" };

function toJson(item: Item): object {
  return { ...item, url: item.url() };
}

const REFUSAL_STATUS: Readonly<Record<RefusalCode, number>> = {
  too_large: 413,
  unsupported: 415,
  unusable: 422,
  quota: 403,
  refused_by_scan: 422,
  invalid_metadata: 422,
  invalid_key: 400,
  exists: 409,
  not_found: 404,
};

function answerOutcome(outcome: TakenFile | Refusal): Response {
  if (!outcome.ok)
    return answerProblem(REFUSAL_STATUS[outcome.code], outcome.code, outcome.message);
  const { item, existed } = outcome;
  return Response.json(toJson(item), { status: existed ? 200 : 201, headers: PRIVATE });
}

function answerProblem(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ code, message }, { status, headers: { ...PRIVATE, ...headers } });
}

/** Faults are for the application to log: they are thrown on. */
function answerError(error: unknown): Response {
  if (!(error instanceof MediaError) || STATUS[error.code] >= 500) throw error;
  return answerProblem(STATUS[error.code], error.code, error.message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MediaError("invalid_body", "the text must be JSON");
  }
}
