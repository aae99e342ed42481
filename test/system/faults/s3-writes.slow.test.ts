import { describe, expect, it } from "vitest";
import { decode, drawPhoto } from "../../support/images.ts";
import { refuse, resetting, stayingSilent } from "../../support/s3/script.ts";
import type { Answer } from "../../support/s3/script.ts";
import { setUpFaults } from "../../support/service/faulty-service.ts";

const { s3, start } = setUpFaults(async () => {
  const photo = await drawPhoto(300, 200);
  return Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}.jpg`, photo]));
});

let used = 0;
function nextPath(): string {
  used += 1;
  return `/w_50/${used - 1}.jpg`;
}

describe("a store that does not take variants", () => {
  it.each<[what: string, answer: Answer]>([
    ["SlowDown", refuse(503, "SlowDown")],
    ["an internal error", refuse(500, "InternalError")],
    ["resets", resetting],
    ["no permission", refuse(403, "AccessDenied")],
  ])("has its variants answered, and not made again for a while: %s", async (_, answer) => {
    const service = await start();
    const path = nextPath();
    s3().fail(/^PUT/, { answer });
    const first = await service.get(path);
    expect(first.status).toBe(200);
    await service.idle();
    s3().heal();
    const second = await service.get(path);
    expect(second.bytes.equals(first.bytes)).toBe(true);
    expect(await service.metric("misses_total")).toBe(1);
    expect(await service.metric("write_failures_total")).toBe(1);
    expect(
      service.log.filter(({ message }) => message.includes("could not be stored")),
    ).toHaveLength(1);
    expect((await service.get(nextPath())).status).toBe(200);
    await service.idle();
    expect(await service.metric("write_failures_total")).toBe(1);
  });

  it("keeps nobody waiting with its silence but who asks for headers, and them not for ever", async () => {
    const service = await start();
    s3().fail(/^PUT/, { answer: stayingSilent });
    expect((await service.get(nextPath())).status).toBe(200);
    expect((await service.get(nextPath(), { method: "HEAD" })).status).toBe(200);
  });

  it("that has a conflict once is asked once more", async () => {
    const service = await start();
    const path = nextPath();
    s3().fail(/^PUT/, { answer: refuse(409, "ConditionalRequestConflict"), times: 1 });
    expect((await service.get(path)).status).toBe(200);
    await service.idle();
    expect(s3().count(new RegExp(`^PUT .*/${used - 1}[.]jpg`))).toBe(2);
    expect(await service.metric("write_failures_total")).toBe(0);
    expect((await service.get(path)).status).toBe(200);
    expect(await service.metric("misses_total")).toBe(1);
  });

  it.each([
    [412, "PreconditionFailed"],
    [409, "ConditionalRequestConflict"],
  ])(
    "although it has none, with a %i, does not keep the service from answering",
    async (...refusal) => {
      const service = await start();
      const path = nextPath();
      s3().fail(/^PUT/, { answer: refuse(...refusal) });
      const { status, bytes } = await service.get(path);
      expect(status).toBe(200);
      expect((await decode(bytes)).width).toBe(50);
      await service.idle();
      s3().heal();
      expect((await service.get(path)).status).toBe(200);
      await service.idle();
      expect(s3().count(new RegExp(`^HEAD variants/.*/${used - 1}[.]jpg`))).toBeLessThan(6);
    },
  );

  it("that knows no conditions is asked for none from then on", async () => {
    const service = await start();
    const conditions: (string | undefined)[] = [];
    const answer: Answer = (response, request) => {
      conditions.push(request.headers["if-none-match"]);
      const refusal = refuse(501, "NotImplemented");
      if (request.headers["if-none-match"] === undefined)
        response.writeHead(200, { etag: '"e"' }).end();
      else refusal(response, request);
    };
    s3().fail(/^PUT/, { answer });
    for (const path of [nextPath(), nextPath()]) {
      expect((await service.get(path)).status).toBe(200);
      await service.idle();
    }
    expect(conditions).toEqual(["*", undefined, undefined]);
    expect(await service.metric("write_failures_total")).toBe(0);
  });
});
