import { describe, expect, it } from "vitest";
import { purgeRemotely } from "../../src/cli/purge.ts";
import type { Answer } from "../support/s3/script.ts";
import { startScriptedServer } from "../support/s3/script.ts";

function giveJson(value: unknown): Answer {
  return (response) => void response.end(JSON.stringify(value));
}

function answerOf(key: string): object {
  return { originals: [{ key, variants: [], cacheTag: "t" }], left: [] };
}

describe("purgeRemotely", () => {
  it.each([true, false])("goes on to the end of the listing (dry run: %s)", async (isDryRun) => {
    const server = await startScriptedServer([
      giveJson({ ...answerOf("p/1"), isComplete: false, cursor: "a+b/c=" }),
      giveJson({ ...answerOf("p/2"), isComplete: true }),
    ]);
    const service = { url: server.endpoint, token: undefined };
    const keys: string[] = [];
    for await (const { purged } of purgeRemotely(
      service,
      { kind: "prefix", prefix: "p/" },
      { isDryRun },
    )) {
      keys.push(...purged.map(({ key }) => key));
    }
    await server.stop();
    expect(keys).toEqual(["p/1", "p/2"]);
    const queries = server.requests.map(({ url }) => new URL(url, service.url).searchParams);
    expect(queries.map((query) => query.get("cursor"))).toEqual([null, "a+b/c="]);
    expect(queries.map((query) => query.has("dry-run"))).toEqual([isDryRun, isDryRun]);
  });
});
