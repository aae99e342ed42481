import { afterEach, describe, expect, it } from "vitest";
import { fetchText } from "../../src/events/receive.ts";
import type { ScriptedServer } from "../support/s3/script.ts";
import { giveObject, giveStatus, startScriptedServer } from "../support/s3/script.ts";

describe("fetchText", () => {
  let server: ScriptedServer;
  afterEach(() => server.stop());

  it.each([
    ["a refusal", giveStatus(403), /^127\.0\.0\.1:\d+ answered 403$/],
    ["too much", giveObject(Buffer.alloc(40_000)), /^127\.0\.0\.1:\d+ answered over 32768 bytes$/],
  ])("says whose answer was %s, without the token in its URL", async (_, answer, message) => {
    server = await startScriptedServer([answer]);
    const fetched = fetchText(`${server.endpoint}/?Action=ConfirmSubscription&Token=secret`);
    await expect(fetched).rejects.toThrow(message);
  });
});
