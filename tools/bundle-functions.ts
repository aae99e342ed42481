import { mkdir, writeFile } from "node:fs/promises";
import { FUNCTION_KINDS } from "../src/edge/cloudfront/config.ts";
import { bundleFunction } from "./cloudfront-function.ts";

/** Puts the bundles beside the command line that fills them; after `tsc`. */
const folder = new URL("../dist/edge/", import.meta.url);
await mkdir(folder, { recursive: true });
for (const kind of FUNCTION_KINDS) {
  await writeFile(new URL(`function-${kind}.js`, folder), await bundleFunction(kind));
}
