// Puts a CloudFront Function into the template, in place of the one that is there:
//   shift-media cloudfront-function | node put-function.js template.yaml > mine.yaml
import { existsSync, readFileSync } from "node:fs";

const file = process.argv[2] ?? "template.yaml";
if (!existsSync(file)) {
  process.stderr.write(`there is no template ${file}\n`);
  process.exit(1);
}
const template = readFileSync(file, "utf8");
const code = readFileSync(0, "utf8").trim();
const block = /^( +)\/\/ function begins\n[\s\S]*?^ +\/\/ function ends\n/m;
const [, indent] = block.exec(template) ?? [];
if (indent === undefined || code === "") {
  process.stderr.write(
    "there must be a template with its two marks, and a function as the input\n",
  );
  process.exit(1);
}
const lines = ["// function begins", ...code.split("\n"), "// function ends"];
const size = Buffer.byteLength(lines.join("\n"));
if (size > 10_240) {
  process.stderr.write(`with its marks the function has ${size} bytes, CloudFront takes 10240\n`);
  process.exit(1);
}
const indented = lines.map((line) => (line === "" ? "" : indent + line));
process.stdout.write(template.replace(block, () => `${indented.join("\n")}\n`));
