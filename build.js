// What is in dist/ beside the compiler's output and the page.
import { cpSync, readdirSync, writeFileSync } from "node:fs";

cpSync("src/edge/cloudfront/function.js", "dist/edge/cloudfront/function.js");

// Programs in CommonJS can require this package from Node 20.19 on; TypeScript wants declarations of the same kind.
for (const name of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
  const isDeclaration = name.endsWith(".d.ts") && !name.startsWith("require");
  if (isDeclaration) cpSync(`dist/${name}`, `dist/require/${name}`);
}
writeFileSync("dist/require/package.json", '{ "type": "commonjs" }\n');
