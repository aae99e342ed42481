import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

interface Layer {
  /** The folders, and the files of the root, that it may import; `image/input` is that part of `image` alone. */
  readonly imports: string;
  /** The packages that it may import; `node:` is all of Node. */
  readonly packages?: string;
}

/**
 * The imports that each folder of `src/` may have; the deepest folder that is named counts. A folder stands above all
 * that it imports. An import that is missing here points the wrong way, or asks for a better place for what
 * it imports.
 */
const LAYERS: Readonly<Record<string, Layer>> = {
  errors: { imports: "" },
  logger: { imports: "" },
  transform: { imports: "errors" },
  url: { imports: "errors transform", packages: "@noble/hashes" },
  request: { imports: "errors transform url" },
  async: { imports: "" },
  store: { imports: "errors" },
  "store/file": { imports: "errors async store", packages: "node:" },
  "store/s3": { imports: "errors async store", packages: "node: @aws-sdk/" },
  image: {
    imports: "errors async transform",
    packages: "node: blurhash file-type sharp thumbhash",
  },
  "image/plan": { imports: "errors transform" },
  "image/input": { imports: "errors" },
  media: {
    imports: "errors async request store transform url",
    packages: "lru-cache zod",
  },
  "media/warm/queue": { imports: "async media", packages: "node: bullmq ioredis" },
  events: { imports: "errors async media url", packages: "node: lru-cache zod" },
  library: {
    imports: "errors async image/facts media/originals store transform url",
    packages: "node: thumbhash @standard-schema/spec",
  },
  "library/web": {
    imports: "errors async library url",
    packages: "@remix-run/multipart-parser",
  },
  http: {
    imports: "errors async logger events library media request url",
    packages: "hono lru-cache prom-client",
  },
  "http/node": { imports: "async http media", packages: "node:" },
  config: {
    imports: "errors http image media request transform url",
    packages: "node:os node:path zod",
  },
  service: {
    imports: "async logger config events http image library media request sign store url",
    packages: "node: @hono/node-server pino",
  },
  "service/s3-stores": { imports: "config store", packages: "@aws-sdk/client-s3" },
  frameworks: { imports: "errors transform url" },
  edge: {
    imports: "errors config http media request transform url",
    packages: "lru-cache zod",
  },
  lambda: { imports: "errors logger config http service", packages: "node:stream" },
  ops: {
    imports: "async image/input store transform url",
    packages: "node: @aws-sdk/ sharp",
  },
  cli: {
    imports:
      "errors logger config edge http image/input library media ops request service sign store transform url",
    packages: "node: commander cli-progress sharp zod",
  },
  page: {
    imports: "http/admin media/originals transform url",
    packages: "preact",
  },
  index: { imports: "errors transform url" },
  sign: { imports: "errors url", packages: "node:crypto" },
};

interface Import {
  readonly file: string;
  readonly target: string;
}

const FILES = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => join("src", name));

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([\w@.:/-]+)"/g)].map(
    ([, target = ""]) => ({
      file,
      target: target.startsWith(".") ? normalize(join(dirname(file), target)) : target,
    }),
  );
}

const IMPORTS: readonly Import[] = FILES.flatMap(importsOf);

/** `src/url/key.ts` is in `url`, `src/errors.ts` is `errors`. */
function nameFolder(path: string): string {
  return (path.split("/")[1] ?? "").replace(/\.tsx?$/, "");
}

/** The name of the deepest folder, or the file, that the table has; a file beside a folder of its name is an entry. */
function nameLayer(path: string): string | undefined {
  if (existsSync(join(ROOT, path.replace(/\.ts$/, ""))) && !path.slice(4).includes("/"))
    return undefined;
  const names = Object.keys(LAYERS).filter(
    (name) => /^[/.]/.test(path.slice(`src/${name}`.length)) && path.startsWith(`src/${name}`),
  );
  return names.toSorted((a, b) => b.length - a.length)[0];
}

/** `src/url/key.ts` is inside of `url`, `src/errors.ts` of `errors`. */
function isInside(path: string, folder: string): boolean {
  return path.startsWith(`src/${folder}/`) || path === `src/${folder}.ts`;
}

function findProblem({ file, target }: Import): string | undefined {
  const name = nameLayer(file);
  const layer = name === undefined ? undefined : LAYERS[name];
  if (!layer) return undefined; // an entry wires whatever it needs
  const isOwn = target.startsWith("src/");
  const allowed = ((isOwn ? layer.imports : layer.packages) ?? "").split(" ").filter(Boolean);
  const isAllowed = isOwn
    ? [nameFolder(file), ...allowed].some((folder) => isInside(target, folder))
    : allowed.some((prefix) => target.startsWith(prefix));
  if (isAllowed) return undefined;
  const kind = isOwn ? "" : " of packages";
  return `${name} may import ${allowed.join(", ") || "nothing"}${kind}; ${file} imports ${target}`;
}

/** Lists the imports that the table allows a folder and that none of its files needs. */
function listUnused([name, { imports, packages = "" }]: readonly [
  string,
  Layer,
]): readonly string[] {
  const targets = IMPORTS.filter(({ file }) => nameLayer(file) === name).map(
    ({ target }) => target,
  );
  const unused = [
    ...imports.split(" ").filter((folder) => !targets.some((target) => isInside(target, folder))),
    ...packages.split(" ").filter((prefix) => !targets.some((target) => target.startsWith(prefix))),
  ];
  return unused.filter(Boolean).map((allowed) => `${name} may import ${allowed}, and does not`);
}

/** Folders, and files beside them, that import each other in a circle. */
function findCircle(folder: string): readonly string[] | undefined {
  const arrows = new Map<string, Set<string>>();
  for (const { file, target } of IMPORTS) {
    if (!file.startsWith(folder) || !target.startsWith(folder)) continue;
    const [from = "", to = ""] = [file, target].map(
      (path) => path.slice(folder.length).split("/")[0],
    );
    if (from !== to) arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
  }
  const done = new Set<string>();
  const walk = (room: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(room)) return [...path.slice(path.indexOf(room)), room];
    if (done.has(room)) return undefined;
    for (const next of arrows.get(room) ?? []) {
      const circle = walk(next, [...path, room]);
      if (circle) return circle;
    }
    done.add(room);
    return undefined;
  };
  for (const room of arrows.keys()) {
    const circle = walk(room, []);
    if (circle) return circle;
  }
  return undefined;
}

/** Entries of folders that have more than others. */
const MOST_ROOMS: Readonly<Record<string, number>> = { "src/": 28, "src/cli/": 15 };

const FOLDERS = [...new Set(FILES.map((file) => `${dirname(file)}/`))];

describe("the folders of src/", () => {
  it("import only what the table of layers allows", () => {
    expect(IMPORTS.map(findProblem).filter((problem) => problem !== undefined)).toEqual([]);
  });

  it("need all that the table of layers allows", () => {
    expect(Object.entries(LAYERS).flatMap(listUnused)).toEqual([]);
  });

  it("are all in the table of layers", () => {
    const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    for (const { name } of folders) expect(Object.keys(LAYERS)).toContain(name);
  });

  it.each(FOLDERS)("has no circle of imports in %s", (folder) => {
    expect(findCircle(folder)?.join(" → ")).toBeUndefined();
  });

  it.each(FOLDERS.filter((folder) => folder !== "src/"))(
    "says in %sREADME.md what lives there",
    (folder) => {
      const page = join(ROOT, folder, "README.md");
      expect(existsSync(page) && readFileSync(page, "utf8")).toMatch(/^[A-Z][^\n]{20,160}\.\n/);
    },
  );

  it.each(FOLDERS)("has at most about ten rooms in %s", (folder) => {
    const rooms = readdirSync(join(ROOT, folder)).filter((name) => name !== "README.md");
    expect(rooms.length).toBeLessThanOrEqual(MOST_ROOMS[folder] ?? 13);
  });
});

/** Folders of `test/` with no room of `src/` to mirror. */
const OF_THEIR_OWN = ["bench", "container", "core", "deploy", "docs", "support", "system"];

describe("the folders of test/", () => {
  const names = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.startsWith("node_modules"),
  );

  it("mirror those of src/", () => {
    const folders = names
      .map(dirname)
      .filter((folder) => folder !== "." && !OF_THEIR_OWN.includes(folder.split("/")[0] ?? ""));
    expect(folders.filter((folder) => !existsSync(join(ROOT, "src", folder)))).toEqual([]);
  });

  it("hold tests alone, but for those of support/", () => {
    expect(
      names.filter((name) => /(?<!\.test)\.ts$/.test(name) && !name.startsWith("support")),
    ).toEqual([]);
  });
});
