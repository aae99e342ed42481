import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  buildCors,
  buildLifecycle,
  buildPublicAccess,
} from "../../../src/ops/setup/bucket/documents.ts";
import type { Json } from "../../../src/ops/setup/bucket/merge.ts";
import { isSame, mergeNamed } from "../../../src/ops/setup/bucket/merge.ts";
import {
  buildEventPattern,
  mergeNotifications,
  buildNotifications,
} from "../../../src/ops/setup/bucket/notifications.ts";
import { createPlan } from "../../../src/ops/setup/plan.ts";
import {
  buildBucketPolicy,
  findForeignPublic,
  mergePolicy,
  buildServicePolicy,
} from "../../../src/ops/setup/bucket/policy.ts";
import { quoteWord } from "../../../src/ops/setup/shell.ts";
import { mergeWebsite, buildWebsite } from "../../../src/ops/setup/bucket/website.ts";
import type { BucketSpec } from "../../../src/ops/setup/spec.ts";
import { guessProvider } from "../../../src/ops/setup/spec.ts";
import { createBucketSpec } from "../../support/s3/bucket-spec.ts";

const TOPIC = "arn:aws:sns:eu-central-1:123456789012:media";
const DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E123";

const rules = fc.array(
  fc.record({ ID: fc.string({ maxLength: 5 }), Prefix: fc.string({ maxLength: 3 }) }),
  { maxLength: 4 },
);
const names = { list: "Rules", id: "ID" };

describe("mergeNamed", () => {
  it("keeps what is not ours as it is, and comes to the same when it is done again", () => {
    fc.assert(
      fc.property(rules, rules, (theirs, more) => {
        const ours = { Rules: more.map((rule) => ({ ...rule, ID: `ShiftMedia${rule.ID}` })) };
        const merged = mergeNamed({ Rules: theirs }, ours, names);
        expect(merged?.["Rules"] ?? []).toEqual([...theirs, ...ours.Rules]);
        expect(isSame(mergeNamed(merged, ours, names), merged)).toBe(true);
        const without = mergeNamed(merged, { Rules: [] }, names);
        expect(without?.["Rules"] ?? []).toEqual(theirs);
      }),
    );
  });
});

function blocked(more: Partial<BucketSpec>): unknown {
  return buildPublicAccess(createBucketSpec(more), "media")["BlockPublicPolicy"];
}

describe("the documents", () => {
  it("let the service do what it does where it does it, and nothing else", () => {
    const { Statement } = buildServicePolicy(
      createBucketSpec({
        originals: { bucket: "first", prefix: "in/" },
        variants: { bucket: "second", prefix: "made/" },
      }),
    );
    expect(
      Statement.flatMap(({ Action, Resource }) => Action.map((a) => [a, ...Resource])),
    ).toEqual([
      ["s3:GetObject", "arn:aws:s3:::first/in/*"],
      ["s3:DeleteObject", "arn:aws:s3:::second/made/*"],
      ["s3:GetObject", "arn:aws:s3:::second/made/*"],
      ["s3:PutObject", "arn:aws:s3:::second/made/*"],
      ["s3:ListBucket", "arn:aws:s3:::first", "arn:aws:s3:::second"],
    ]);
    const { Statement: escaped } = buildServicePolicy(
      createBucketSpec({ originals: { bucket: "b", prefix: "a*$?" } }),
    );
    expect(escaped[0]?.Resource).toEqual(["arn:aws:s3:::b/a${*}${$}${?}*"]);
    const china = buildServicePolicy(createBucketSpec({ region: "cn-north-1" }));
    expect(china.Statement[0]?.Resource).toEqual(["arn:aws-cn:s3:::media/*"]);
  });

  it("make public what was asked for, and block the rest", () => {
    expect(buildBucketPolicy(createBucketSpec(), "media").Statement).toEqual([]);
    expect(blocked({})).toBe(true);
    const cdn = { access: "cdn", distribution: DISTRIBUTION } as const;
    expect(blocked(cdn)).toBe(true);
    expect(buildBucketPolicy(createBucketSpec(cdn), "media").Statement[0]).toMatchObject({
      Principal: { Service: "cloudfront.amazonaws.com" },
      Condition: { StringEquals: { "AWS:SourceArn": DISTRIBUTION } },
    });
    expect(blocked({ access: "public" })).toBe(false);
    const { Statement } = buildBucketPolicy(createBucketSpec({ access: "public" }), "media");
    expect(
      Statement.map(({ Principal, Action, Resource }) => [Principal, Action, Resource]),
    ).toEqual([["*", ["s3:GetObject"], ["arn:aws:s3:::media/variants/*"]]]);
    const two = createBucketSpec({ access: "public", originals: { bucket: "first", prefix: "" } });
    expect(buildBucketPolicy(two, "first").Statement).toEqual([]);
    expect(buildPublicAccess(two, "first")["RestrictPublicBuckets"]).toBe(true);
  });

  it("touch nothing but variants by lifecycle", () => {
    const all = buildLifecycle(createBucketSpec({ expireDays: 30 }), "media")["Rules"] as Json[];
    expect(all.map(({ Filter }) => Filter)).toEqual([
      { Prefix: "variants/" },
      { Prefix: "variants/" },
    ]);
    expect(all[0]).toMatchObject({ Expiration: { Days: 30 } });
    expect(all[1]).toMatchObject({ Expiration: { ExpiredObjectDeleteMarker: true } });
    expect(buildCors(createBucketSpec({ corsOrigins: [] }), "media")).toEqual({ CORSRules: [] });
  });

  it("keep the events of our own writes out where that can be said", () => {
    const shared = buildNotifications(createBucketSpec({ notify: TOPIC }));
    expect(JSON.stringify(shared)).not.toContain("Filter");
    const folder = buildNotifications(
      createBucketSpec({ notify: TOPIC, originals: { bucket: "media", prefix: "in/" } }),
    );
    expect(JSON.stringify(folder)).toContain('{"Name":"prefix","Value":"in/"}');
    expect(buildEventPattern(createBucketSpec())).toMatchObject({
      detail: { object: { key: [{ "anything-but": { prefix: "variants/" } }] } },
    });
    const theirs = { QueueConfigurations: [{ Id: "theirs" }], EventBridgeConfiguration: {} };
    expect(
      mergeNotifications(theirs, buildNotifications(createBucketSpec({ notify: "none" }))),
    ).toEqual(theirs);
  });

  it("find statements of others that make something public", () => {
    const open = { Sid: "Open", Effect: "Allow", Principal: { AWS: "*" } };
    const Statement = [
      open,
      { ...open, Sid: "Limited", Condition: {} },
      { ...open, Sid: "ShiftMediaX" },
    ];
    expect(findForeignPublic({ Statement })).toEqual(["Open"]);
    expect(mergePolicy({ Statement: { Sid: "ShiftMediaOld" } }, { Statement: [] })).toBeUndefined();
  });
});

describe("website", () => {
  const wanted = createBucketSpec({ access: "public" });

  it.each([
    "http://media.s3-website.eu-central-1.amazonaws.com",
    "http://media.s3-website-us-east-1.amazonaws.com",
    "https://media.s3.eu-central-1.amazonaws.com",
    "http://media",
    "https://cdn.example.com/x",
    "HTTPS://CDN.example.com",
    "ftp://img.example.com",
    "img.example.com",
  ])("refuses to send misses to %s", (service) => {
    const make = (): Json =>
      buildWebsite(wanted, { service, publicUrl: "https://cdn.example.com" });
    expect(make).toThrow(/--service must be/);
  });

  it("sends 403 and 404 below the variants' prefix on, for now only, and keeps other rules", () => {
    const ours = buildWebsite(wanted, {
      service: "https://img.example.com:8443/i",
      publicUrl: undefined,
    });
    expect(ours["RoutingRules"]).toMatchObject(
      ["403", "404"].map((code) => ({
        Condition: { HttpErrorCodeReturnedEquals: code, KeyPrefixEquals: "variants/" },
        Redirect: {
          HttpRedirectCode: "302",
          HostName: "img.example.com:8443",
          ReplaceKeyPrefixWith: "i/variants/",
        },
      })),
    );
    const theirs = { Condition: { KeyPrefixEquals: "docs/" }, Redirect: { HostName: "x" } };
    const merged = mergeWebsite({ IndexDocument: { Suffix: "a" }, RoutingRules: [theirs] }, ours);
    expect(merged["RoutingRules"]).toHaveLength(3);
    expect(isSame(mergeWebsite(merged, ours), merged)).toBe(true);
    expect(() => mergeWebsite({ RedirectAllRequestsTo: {} }, ours)).toThrow(/redirects everything/);
  });
});

function listManualCommands(more: Partial<BucketSpec>): readonly string[] {
  return createPlan(createBucketSpec(more)).manualSteps.flatMap((step) => step.commands);
}

describe("createPlan", () => {
  it.each<[Partial<BucketSpec>, RegExp]>([
    [{ access: "cdn" }, /--distribution/],
    [{ access: "cdn", provider: "rgw", distribution: DISTRIBUTION }, /CloudFront/],
    [{ access: "public", provider: "r2" }, /public as a whole/],
    [{ arePublicOriginals: true }, /--access public/],
    [{ website: { service: "https://a.example", publicUrl: undefined } }, /--access public/],
    [{ notify: "x" }, /ARN of an SNS topic/],
    [{ notify: "eventbridge", provider: "rgw" }, /needs aws/],
    [{ principal: "*" }, /ARN of a user/],
    [{ user: "a b" }, /must be names/],
    [{ user: "", principal: "arn:aws:iam:::user/" }, /must be names/],
    [{ distribution: DISTRIBUTION }, /--access cdn/],
    [{ corsOrigins: ["example.com"] }, /--cors-origin/],
  ])("refuses %j", (more, problem) => {
    expect(() => createPlan(createBucketSpec(more))).toThrow(problem);
  });

  it("prints the group, the user and the rights of the service as commands of the AWS CLI", () => {
    const calls = (more: Partial<BucketSpec>): readonly string[] =>
      listManualCommands(more).map((command) => command.split(" ").slice(1, 5).join(" "));
    expect(calls({ group: "media", user: "svc" })).toEqual([
      "iam create-group --group-name media",
      "iam put-group-policy --group-name media",
      "iam create-user --user-name svc",
      "iam add-user-to-group --group-name media",
      "iam create-access-key --user-name svc",
    ]);
    expect(calls({ user: "svc" })).toEqual([
      "iam create-user --user-name svc",
      "iam put-user-policy --user-name svc",
      "iam create-access-key --user-name svc",
    ]);
    const [, policy = ""] = listManualCommands({ user: "svc" });
    const document = /--policy-document '(.*)'$/s.exec(policy)?.[1] ?? "";
    expect(JSON.parse(document)).toEqual(buildServicePolicy(createBucketSpec()));
    expect(policy).not.toMatch(/--region|--endpoint-url/);
  });

  it.each([
    [undefined, "aws"],
    ["https://s3.eu-central-1.amazonaws.com", "aws"],
    ["https://0123.r2.cloudflarestorage.com", "r2"],
    ["http://minio:9000", "minio"],
    ["https://ceph.example.com", "rgw"],
  ])("takes %s for %s", (endpoint, provider) => {
    expect(guessProvider(endpoint)).toBe(provider);
  });

  it("quotes so that a shell gives every word back", () => {
    const words = ["a b", "it's", '"$HOME"', "`id`", "a\nb", "*", "", "\\", "ü"];
    const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${words.map(quoteWord).join(" ")}`]);
    expect(printed.toString().split("\0").slice(0, -1)).toEqual(words);
  });

  it.each(["aws", "rgw", "minio", "r2"] as const)(
    "gives commands that a shell understands: %s",
    (provider) => {
      const { steps, manualSteps } = createPlan(
        createBucketSpec({
          provider: provider,
          access: provider === "r2" ? "private" : "public",
          originals: { bucket: "media", prefix: "it's $HOME/" },
          endpoint: "http://127.0.0.1:1",
          shouldCreateBuckets: true,
          expireDays: 30,
          user: "svc",
          notify: provider === "rgw" ? undefined : TOPIC,
        }),
      );
      const commands = [
        ...steps.flatMap((step) => step.commands),
        ...manualSteps.flatMap((part) => part.commands),
      ];
      expect(commands.length).toBeGreaterThan(3);
      const folder = mkdtempSync(join(tmpdir(), "shift-media-"));
      for (const name of ["aws", "npx", "mc", "radosgw-admin"]) {
        writeFileSync(join(folder, name), '#!/bin/sh\nfor word; do printf "%s\\0" "$word"; done\n');
        chmodSync(join(folder, name), 0o755);
      }
      for (const command of commands) {
        const output = execFileSync("sh", ["-c", command], {
          cwd: folder,
          env: { PATH: `${folder}:/usr/bin:/bin` },
        });
        const documents = output
          .toString()
          .split("\0")
          .filter((word) => word.startsWith("{"));
        for (const document of documents) expect(JSON.parse(document)).toBeTypeOf("object");
      }
      rmSync(folder, { recursive: true });
    },
  );
});
