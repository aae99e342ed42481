import type { SetupOutcome } from "../../ops/setup/outcome.ts";
import type { SetupPlan } from "../../ops/setup/plan.ts";
import type { ManualStep } from "../../ops/setup/providers/provider.ts";
import { PROVIDERS } from "../../ops/setup/providers/providers.ts";
import type { BucketSpec } from "../../ops/setup/spec.ts";

/** Prints a plan as a shell script: explanations are comments, and commands can be pasted. */
export function printPlan(spec: BucketSpec, plan: SetupPlan): string {
  const { principal, user, group } = spec;
  const hasRights = [principal, user, group].some((name) => name !== undefined);
  const rights = comment(
    `the service needs these rights:\n${JSON.stringify(plan.servicePolicy, undefined, 2)}`,
  );
  const parts = [
    describeSpec(spec),
    ...plan.steps.map(({ bucket, about, note, commands }) => {
      const remark = commands.length > 0 && note !== undefined ? `; ${note}` : "";
      return [comment(`${bucket}: ${about}${remark}`), ...commands].join("\n");
    }),
    ...(hasRights ? [] : [rights]),
  ];
  return `${parts.join("\n\n")}\n${printManualSteps(plan.manualSteps)}`;
}

function describeSpec(spec: BucketSpec): string {
  const { provider, access, originals, variants, region, endpoint } = spec;
  const location = endpoint === undefined ? `region ${region ?? "not set"}` : `at ${endpoint}`;
  return comment(
    [
      `${PROVIDERS[provider].title} (--provider ${provider}), ${location}`,
      "nothing was changed: paste the commands, or give --apply",
      "each command replaces its whole setting; --apply keeps what shift-media did not write",
      `originals: ${originals.bucket}/${originals.prefix}*`,
      `variants:  ${variants.bucket}/${variants.prefix}*, access: ${access}`,
    ].join("\n"),
  );
}

export function printManualSteps(steps: readonly ManualStep[]): string {
  if (steps.length === 0) return "";
  const parts = steps.map(({ about, commands }) => [comment(about), ...commands].join("\n"));
  return `\n${[comment("to do by hand:"), ...parts].join("\n\n")}\n`;
}

export function printOutcome({ step, bucket, status, message }: SetupOutcome): string {
  const reason = message === undefined ? "" : `: ${message}`;
  return `${status.padEnd(10)}${step.replace("_", " ")} of ${bucket}${reason}\n`;
}

function comment(text: string): string {
  return text
    .split("\n")
    .map((line) => `# ${line}`)
    .join("\n");
}
