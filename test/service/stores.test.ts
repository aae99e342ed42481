import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

/** Which of these packages a process has loaded once it has imported a module of ours. */
async function loadedBy(module: string): Promise<string[]> {
  const url = JSON.stringify(new URL(`../../dist/${module}`, import.meta.url).href);
  const code = `
    import { createRequire } from "node:module";
    await import(${url});
    const files = Object.keys(createRequire(${url}).cache);
    console.log(JSON.stringify(["@aws-sdk/client-s3", "prom-client", "@img"].filter(
      (name) => files.some((file) => file.includes("/" + name + "/")))));
  `;
  const args = ["--input-type=module", "--eval", code];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as string[];
}

describe("createStores", () => {
  it("takes the SDK into memory for buckets alone, and sharp in no case", async () => {
    expect(await loadedBy("server.js")).toEqual(["prom-client"]);
    expect(await loadedBy("cli/serve/command.js")).toEqual(["prom-client"]);
    expect(await loadedBy("service/s3-stores.js")).toEqual(["@aws-sdk/client-s3"]);
    expect(await loadedBy("image/sharp/engine.js")).toEqual(["@img"]);
  });
});
