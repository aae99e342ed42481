import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

export interface Options {
  /** The names of the cases to run; empty for all. */
  readonly only: readonly string[];
  readonly photos: string | undefined;
  readonly json: string | undefined;
  readonly peers: Readonly<Record<string, string>>;
  /** How often each comparison is made; what is printed is the median. */
  readonly rounds: number;
  /** How long each load lasts, where it is one. */
  readonly seconds: number;
  /** How many misses the memory is measured after. */
  readonly misses: number;
  /** Run the service from src/ instead of dist/, which must have been built. */
  readonly fromSource: boolean;
  /** How much is done at a time: by the service, by sharp alone, and asked of peers. */
  readonly lanes: number;
}

export const USAGE = `npm run bench -- [options]

Compares the service with what it is made of, in the same run and in turns. Every figure is a ratio.

  --only CASE,CASE   some of: CASES
  --photos FOLDER    JPEG photographs (default: ../shared/photos; drawn ones where there is no such folder)
  --json FILE        where all raw numbers go (default: bench/results/DATE.json)
  --peer NAME=URL    another server of the same originals, with {width} {height} {format} {key} in its URL, as in
                     imgproxy=http://127.0.0.1:8080/insecure/rs:fit:{width}/plain/local:///{key}@{format}
                     May be given several times. IPX is built in.
  --rounds N         how often each comparison is made (default: 5)
  --seconds N        how long each load of hits lasts (default: 3)
  --misses N         how many misses the memory is measured after (default: 2000)
  --from-source      run the service from src/ instead of dist/
  --help

The originals are made once and kept in a folder that is printed: a peer has to serve that one.`;

/** @throws TypeError for what is no option. */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      photos: { type: "string" },
      json: { type: "string" },
      peer: { type: "string", multiple: true, default: [] },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "3" },
      misses: { type: "string", default: "2000" },
      "from-source": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    only: values.only.flatMap((names) => names.split(",")).filter((name) => name !== ""),
    photos: values.photos === undefined ? undefined : resolve(values.photos),
    json: values.json,
    peers: Object.fromEntries(values.peer.map(readPeer)),
    rounds: readNumber("rounds", values.rounds),
    seconds: readNumber("seconds", values.seconds),
    misses: readNumber("misses", values.misses),
    fromSource: values["from-source"],
    lanes: availableParallelism(),
  };
}

function readPeer(text: string): [name: string, template: string] {
  const [, name, template] = /^([\w. -]+)=(https?:\/\/.*\{key\}.*)$/.exec(text) ?? [];
  if (name && template) return [name, template];
  throw new TypeError(`--peer must be NAME=URL, with {key} in the URL, got "${text}"`);
}

function readNumber(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new TypeError(`--${name} must be a number over 0, got "${text}"`);
}
