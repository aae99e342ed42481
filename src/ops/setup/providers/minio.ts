import { buildServicePolicy } from "../bucket/policy.ts";
import { printCommand, printDocument, quoteWord } from "../shell.ts";
import type { BucketSpec } from "../spec.ts";
import type { Provider } from "./provider.ts";
import { stepIf, wantsNotifications } from "./provider.ts";

const POLICY_FILE = "shift-media-policy.json";

/** In the commands of `mc`, ALIAS is its name for the server. */
export const MINIO: Provider = {
  title: "MinIO",
  settings: ["bucket", "policy", "lifecycle"],
  listManualSteps: (spec) => [
    ...stepIf(
      spec.user !== undefined,
      "create the user of the service and its policy; ALIAS is the name of the server in mc",
      () => printUser(spec, spec.user ?? ""),
    ),
    ...stepIf(
      spec.corsOrigins.length > 0,
      "set CORS, which is one setting for the whole server",
      () => {
        const origins = `cors_allow_origin=${spec.corsOrigins.join(",")}`;
        return [printCommand("mc", "admin", "config", "set", "ALIAS", "api", origins)];
      },
    ),
    ...stepIf(wantsNotifications(spec), "set notifications (docs/purging.md)", () => [
      printEvents(spec),
    ]),
  ],
};

function printUser(spec: BucketSpec, user: string): readonly string[] {
  const policy = printDocument({ ...buildServicePolicy(spec) });
  return [
    `printf %s ${quoteWord(policy)} > ${POLICY_FILE}`,
    printCommand("mc", "admin", "policy", "create", "ALIAS", "shift-media", POLICY_FILE),
    `${printCommand("mc", "admin", "user", "add", "ALIAS", user)} "$SECRET_ACCESS_KEY"`,
    printCommand("mc", "admin", "policy", "attach", "ALIAS", "shift-media", "--user", user),
  ];
}

function printEvents({ originals }: BucketSpec): string {
  const { bucket, prefix } = originals;
  const words = ["event", "add", `ALIAS/${bucket}`, "ARN", "--event", "put,delete"];
  return printCommand("mc", ...words, ...(prefix === "" ? [] : ["--prefix", prefix]));
}
