import { afterEach, describe, expect, it } from "vitest";
import { runCli } from "../../support/service/cli.ts";
import type { ScriptedServer } from "../../support/s3/script.ts";
import { refuse, startScriptedServer } from "../../support/s3/script.ts";

const ENVIRONMENT = {
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "AKIDTEST",
  AWS_SECRET_ACCESS_KEY: "the-callers-own-secret",
  S3_BUCKET: "media",
  POLICY: "open",
};

async function plan(...args: readonly string[]): Promise<string> {
  return (await runCli(["setup", ...args], { environment: ENVIRONMENT })).output;
}

describe("shift-media setup", () => {
  const servers: ScriptedServer[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  it.each([
    [["--aply"], "unknown option"],
    [["--access"], "argument missing"],
    [["--provider", "gcs"], "Allowed choices are aws, r2, rgw, minio"],
    [["--service", "https://img.example.com"], "--website"],
    [["--expire-variants", "0"], "--expire-variants must be from 1"],
    [["--provider", "rgw", "--group", "media"], "--group needs aws"],
  ])("ends with 2 when it is called in the wrong way: %j", async (args, problem) => {
    const { code, output, errors } = await runCli(["setup", ...args], { environment: ENVIRONMENT });
    expect([code, output, errors]).toEqual([2, "", expect.stringContaining(problem)]);
  });

  it("prints the commands for the user of the service, and the rights where it has none", async () => {
    const withUser = await plan("--group", "media", "--user", "svc");
    expect(withUser).toContain("\naws iam add-user-to-group --group-name media --user-name svc\n");
    expect(withUser).not.toContain("needs these rights");
    expect(await plan()).toMatch(/# the service needs these rights:\n# \{\n# +"Version"/);
    expect(withUser).not.toContain("the-callers-own-secret");
  });

  it("applies what S3 can do, prints what is left to do, and ends with 1 after a failure", async () => {
    const s3 = await startScriptedServer([refuse(404, "NoSuchBucket")]);
    servers.push(s3);
    const environment = { ...ENVIRONMENT, AWS_ENDPOINT_URL_S3: s3.endpoint };
    const args = ["setup", "--apply", "--provider", "aws", "--user", "svc"];
    const { code, output, errors } = await runCli(args, { environment });
    expect(code).toBe(1);
    expect(output).toContain("failed    bucket of media:");
    expect(output).toContain("skipped   policy of media: the bucket does not exist");
    expect(output).toContain("aws iam create-user --user-name svc");
    expect(errors).toContain("give the same command again");
    const { output: json } = await runCli([...args, "--json"], { environment });
    expect(JSON.parse(json)).toMatchObject({
      steps: [{ status: "failed" }, ...Array.from({ length: 4 }, () => ({ status: "skipped" }))],
      manualSteps: [{}, {}],
    });
  });
});
