import { afterEach, describe, expect, it } from "vitest";
import { runCli } from "../../support/cli.ts";
import type { Answer, ScriptedServer } from "../../support/s3-script.ts";
import { refuse, startScriptedServer } from "../../support/s3-script.ts";

const SECRET = "a-secret-that-is-shown-once";

/** As much of IAM as the steps ask of it, in its own XML; it is a script, and not Amazon's. */
function createIam(): Answer {
  const there = new Map<string, string>();
  return (response, request) => {
    const asked = new URLSearchParams(request.body.toString());
    const action = asked.get("Action") ?? "";
    const kind = action.replace(/^(?:Get|Create|Put|Add|List)/, "");
    const found = there.get(kind.replace(/sForUser$|s$/, ""));
    const give = (xml: string): void => {
      response.writeHead(200, { "content-type": "text/xml" });
      const result = `<${action}Result>${xml}</${action}Result>`;
      response.end(
        `<${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">${result}</${action}Response>`,
      );
    };
    if (action.startsWith("Get")) {
      if (found === undefined) {
        response.writeHead(404, { "content-type": "text/xml" });
        response.end(
          "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no</Message></Error></ErrorResponse>",
        );
      } else give(`<PolicyDocument>${encodeURIComponent(found)}</PolicyDocument>`);
    } else if (action === "ListGroupsForUser") {
      give(
        `<Groups>${there.has("UserToGroup") ? "<member><GroupName>media</GroupName></member>" : ""}</Groups>`,
      );
    } else if (action === "ListAccessKeys") {
      give(
        `<AccessKeyMetadata>${there.has("AccessKey") ? "<member><AccessKeyId>AKIA1</AccessKeyId></member>" : ""}</AccessKeyMetadata>`,
      );
    } else {
      there.set(kind, asked.get("PolicyDocument") ?? "");
      give(
        `<AccessKey><AccessKeyId>AKIA1</AccessKeyId><SecretAccessKey>${SECRET}</SecretAccessKey></AccessKey>`,
      );
    }
  };
}

describe("shift-media setup with IAM", () => {
  const servers: ScriptedServer[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  async function start(answer: Answer): Promise<Readonly<Record<string, string>>> {
    const iam = await startScriptedServer([answer]);
    const s3 = await startScriptedServer([refuse(404, "NoSuchBucket")]);
    servers.push(iam, s3);
    return {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_IAM: iam.endpoint,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "AKIDTEST",
      AWS_SECRET_ACCESS_KEY: "the-callers-own-secret",
      S3_BUCKET: "media",
      POLICY: "open",
    };
  }

  const ARGS = ["setup", "--apply", "--flavour", "aws", "--group", "media", "--user", "svc"];

  it("makes group, rights, user and key once, and tells the key once", async () => {
    const environment = await start(createIam());
    const args = [...ARGS, "--create-access-key"];
    const first = await runCli(args, { environment });
    for (const step of [
      "group of media",
      "group policy of media",
      "user of svc",
      "membership of svc",
      "access key of svc",
    ]) {
      expect(first.output).toContain(`created   ${step}`);
    }
    expect(first.output.split(SECRET)).toHaveLength(2);
    const second = await runCli([...args, "--json", "--show-secret"], { environment });
    const { steps } = JSON.parse(second.output) as { steps: { of: string; status: string }[] };
    const ofIam = steps.filter(({ of }) => of === "svc");
    expect(ofIam.map(({ status }) => status)).toEqual(["unchanged", "unchanged", "unchanged"]);
    expect(first.errors + second.output + second.errors).not.toContain(SECRET);
    expect(first.output + second.output).not.toContain("the-callers-own-secret");
  });

  it.each([
    [["--aply"], "unknown option"],
    [["--access"], "argument missing"],
    [["--service", "https://img.example.com"], "--website"],
    [["--apply", "--flavour", "rgw", "--user", "svc", "--create-access-key"], "for aws"],
  ])("ends with 2 when it is not asked for in the right way: %j", async (args, problem) => {
    const environment = await start(createIam());
    const { code, output, errors } = await runCli(["setup", ...args], { environment });
    expect([code, output, errors]).toEqual([2, "", expect.stringContaining(problem)]);
  });

  it("keeps the secret out of JSON, and skips what hangs on what has failed", async () => {
    const environment = await start(refuse(403, "AccessDenied"));
    const refused = await runCli([...ARGS, "--create-access-key", "--json"], { environment });
    expect([refused.code, refused.output, refused.errors]).toEqual([
      2,
      "",
      expect.stringContaining("--show-secret"),
    ]);
    const { code, output } = await runCli(ARGS, { environment });
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/failed +group of media: .*administrator/),
    ]);
    expect(output).toContain("skipped   user of svc");
  });
});
