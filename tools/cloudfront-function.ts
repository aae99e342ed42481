import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { build, transform } from "esbuild";
import type { FunctionKind } from "../src/edge/cloudfront/config.ts";

const FOLDER = fileURLToPath(new URL("../src/edge/cloudfront/", import.meta.url));

/** What the runtime has beyond ECMAScript 5.1, as its documentation lists it. */
const SUPPORTED = {
  arrow: true,
  "const-and-let": true,
  "rest-argument": true,
  "template-literal": true,
};

/**
 * Bundles the CloudFront Function for a kind of policy, with names where its configuration is to stand.
 *
 * @throws when the code uses what the runtime has not
 */
export async function bundleFunction(kind: FunctionKind): Promise<string> {
  const bundle = await build({
    entryPoints: [`${FOLDER}function.ts`],
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "ascii",
    minifySyntax: true, // what the lists leave out goes
    define: { HAS_LISTS: String(kind === "lists"), IS_SIGNED: String(kind === "signed") },
    plugins: [workOutTables],
    write: false,
  });
  const { code } = await transform(bundle.outputFiles[0]?.text ?? "", {
    format: "esm",
    target: "es5",
    supported: SUPPORTED,
    minify: true,
    treeShaking: true,
    mangleProps: /^(?:settings|flag|isNamed|isAttempt)$/,
  });
  // there are no modules there: the runtime calls what has this name
  return (
    code
      .replace(/export\{(\w+) as handler\};\s*$/, "function handler(e){return $1(e)}")
      // no expression that has such groups is asked for what it has captured
      .replaceAll("(?:", "(")
  );
}

/** Tables that are worked out from the grammar's become the constants that come out. */
const workOutTables: Plugin = {
  name: "work-out-tables",
  setup: ({ onLoad }) => {
    onLoad({ filter: /[/\\]cloudfront[/\\]tables\.ts$/ }, async ({ path }) => {
      const tables = (await import(path)) as Readonly<Record<string, unknown>>;
      const lines = Object.entries(tables).map(
        ([name, value]) => `export const ${name} = ${print(value)};`,
      );
      return { contents: lines.join("\n") };
    });
  },
};

function print(value: unknown): string {
  return value instanceof RegExp ? String(value) : JSON.stringify(value);
}
