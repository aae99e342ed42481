import type { Instruction } from "../../ops/setup/manual/steps.ts";
import type { AccessKey } from "../../ops/setup/manual/iam.ts";
import type { Outcome } from "../../ops/setup/outcome.ts";
import type { Plan } from "../../ops/setup/plan.ts";
import type { Wish } from "../../ops/setup/spec.ts";

const NAMES: Readonly<Record<Wish["flavour"], string>> = {
  aws: "AWS",
  r2: "Cloudflare R2",
  rgw: "Ceph RGW",
  minio: "MinIO",
};

/** A plan as a script for a shell: what is said is a comment, and what is done can be pasted. */
export function printPlan(wish: Wish, { steps, servicePolicy, ...plan }: Plan): string {
  const parts = [
    describeWish(wish),
    ...steps.flatMap(({ bucket, about, remark, commands }) => {
      if (commands.length === 0) return [comment(`${bucket}: ${about}`)];
      const head = comment(`${bucket}: ${about}${remark ? `; ${remark}` : ""}`);
      return [[head, ...commands].join("\n")];
    }),
    ...(plan.iamCommands.length > 0
      ? [[comment("the service's user and its rights"), ...plan.iamCommands].join("\n")]
      : [
          [
            comment("what the service has to be allowed:"),
            comment(JSON.stringify(servicePolicy, undefined, 2)),
          ].join("\n"),
        ]),
  ];
  return `${parts.join("\n\n")}\n${printInstructions(plan.byHand)}`;
}

function describeWish({ flavour, access, originals, variants, region, endpoint }: Wish): string {
  const where = endpoint === undefined ? `region ${region ?? "not set"}` : `at ${endpoint}`;
  return comment(
    [
      `${NAMES[flavour]} (--flavour ${flavour}), ${where}; nothing has been done, --apply does it`,
      "each command replaces all that its setting has; --apply keeps what is not ours there",
      `originals: ${originals.bucket}/${originals.prefix}*`,
      `variants:  ${variants.bucket}/${variants.prefix}*, access: ${access}`,
    ].join("\n"),
  );
}

export function printInstructions(instructions: readonly Instruction[]): string {
  if (instructions.length === 0) return "";
  const parts = instructions.map(({ what, commands }) => [comment(what), ...commands].join("\n"));
  return `\n${[comment("left to do by hand"), ...parts].join("\n\n")}\n`;
}

export function printOutcome({ step, of, status, says }: Outcome): string {
  return `${status.padEnd(10)}${step.replace("_", " ")} of ${of}${says ? `: ${says}` : ""}\n`;
}

/** The one place where a secret is printed. */
export function printAccessKey({ accessKeyId, secretAccessKey }: AccessKey): string {
  return [
    comment("the key of the service; it cannot be shown again"),
    `AWS_ACCESS_KEY_ID=${accessKeyId}`,
    `AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
    "",
  ].join("\n");
}

function comment(text: string): string {
  return text
    .split("\n")
    .map((line) => `# ${line}`)
    .join("\n");
}
