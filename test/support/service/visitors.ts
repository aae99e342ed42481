import { createHash } from "node:crypto";
import { Agent, request } from "node:http";
import sharp from "sharp";
import { sleep } from "./server.ts";

/** A variant as visitors ask for it, and as the store has it. */
export interface Image {
  readonly path: string;
  readonly variantKey: string;
}

/** The images that a visitor has seen. */
export interface Seen {
  readonly path: string;
  readonly status: number;
  readonly etag: string | undefined;
  readonly sha256: string;
  readonly format: string | undefined;
  readonly size: string;
}

export interface VisitorsDeps {
  readonly url: string;
  /** Images that nobody has asked for yet. */
  readonly fresh: Iterator<Image>;
  readonly isStored: (image: Image) => boolean;
  /** Images that some ask for over and over. */
  readonly favourites: readonly Image[];
}

/** Visitors that ask without end, each for one image after the other. */
export interface Visitors {
  /** How many ask at the same time. */
  readonly count: number;
  readonly seen: readonly Seen[];
  /** Images that were asked for, but for the favourites. */
  readonly asked: readonly Image[];
  /** How many requests have got no whole answer. */
  failed(): number;
  /** Resolves when so many more have been answered. */
  goOn(more: number): Promise<void>;
  leave(): Promise<void>;
}

const PAIRS = 2;
const REGULARS = 4;
/** So that a few cores are not all theirs. */
const PAUSE_MS = 5;

interface State extends VisitorsDeps {
  readonly agent: Agent;
  readonly seen: Seen[];
  readonly asked: Image[];
  failed: number;
  hasLeft: boolean;
}

export function invite(deps: VisitorsDeps): Visitors {
  const agent = new Agent({ keepAlive: true });
  const state: State = { ...deps, agent, seen: [], asked: [], failed: 0, hasLeft: false };
  const all = Promise.all([
    ...Array.from({ length: PAIRS }, () => discover(state)),
    ...Array.from({ length: REGULARS }, (_, index) => comeAgain(state, index)),
    adore(state),
  ]);
  return {
    count: 2 * PAIRS + REGULARS + 1,
    seen: state.seen,
    asked: state.asked,
    failed: () => state.failed,
    goOn: async (more) => {
      const goal = state.seen.length + more;
      while (state.seen.length < goal && !state.hasLeft) await sleep(PAUSE_MS);
    },
    leave: async () => {
      state.hasLeft = true;
      await all;
      agent.destroy();
    },
  };
}

/** Two at the same time are the first to ask for an image; who gets no answer asks again. */
async function discover(state: State): Promise<void> {
  while (!state.hasLeft) {
    const { value: image } = state.fresh.next() as IteratorResult<Image, Image>; // it never ends
    state.asked.push(image);
    const [one, other] = await Promise.all([look(state, image), look(state, image)]);
    if (!one) await insist(state, image);
    if (!other) await insist(state, image);
  }
}

async function insist(state: State, image: Image): Promise<void> {
  while (!state.hasLeft && !(await look(state, image))) await sleep(PAUSE_MS);
}

/** Asks for what is in the store already. */
async function comeAgain(state: State, first: number): Promise<void> {
  for (let index = first; !state.hasLeft; index += REGULARS) {
    await sleep(PAUSE_MS);
    const stored = state.asked.filter(state.isStored);
    const image = stored[index % stored.length];
    if (image) await look(state, image);
  }
}

async function adore(state: State): Promise<void> {
  const { favourites } = state;
  for (let index = 0; !state.hasLeft; index += 1) {
    await sleep(PAUSE_MS);
    const image = favourites[index % favourites.length];
    if (image) await look(state, image);
  }
}

async function look(state: State, { path }: Image): Promise<boolean> {
  const answer = await get(state.url + path, state.agent);
  if (answer) state.seen.push(await describe(path, answer));
  else state.failed += 1;
  return answer !== undefined;
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: Buffer;
}

/** `undefined` for what breaks off; no answer is taken for whole before all of it is there. */
function get(url: string, agent: Agent): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const asked = request(url, { agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", () => resolve(undefined));
      answer.on("end", () => {
        const { statusCode: status = 0, headers } = answer;
        resolve({ status, etag: headers.etag, body: Buffer.concat(chunks) });
      });
    });
    asked.on("error", () => resolve(undefined));
    asked.end();
  });
}

async function describe(path: string, { status, etag, body }: Answer): Promise<Seen> {
  const sha256 = createHash("sha256").update(body).digest("hex");
  if (status !== 200) return { path, status, etag, sha256, format: undefined, size: "" };
  const { format, width, height } = await sharp(body).metadata();
  return { path, status, etag, sha256, format, size: `${width}x${height}` };
}
