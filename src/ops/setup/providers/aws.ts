import { buildEventPattern } from "../bucket/notifications.ts";
import { buildServicePolicy } from "../bucket/policy.ts";
import { printAws, printDocument } from "../shell.ts";
import type { BucketSpec } from "../spec.ts";
import type { Provider } from "./provider.ts";
import { stepIf } from "./provider.ts";

/** Name of the inline policy of the user or the group. */
const POLICY_NAME = "ShiftMedia";

export const AWS: Provider = {
  title: "AWS",
  settings: ["bucket", "public_access", "policy", "cors", "lifecycle", "website", "notifications"],
  listManualSteps: (spec) => {
    const { access, notify, user, group, principal } = spec;
    const hasIdentity = user !== undefined || group !== undefined;
    return [
      ...stepIf(
        access === "cdn",
        "give the distribution an Origin Access Control for the bucket, and put the query string v into its cache key",
      ),
      ...stepIf(
        notify === "eventbridge",
        "create the EventBridge rule for events of originals; docs/purging.md says which target it needs",
        () => [printEventRule(spec)],
      ),
      ...stepIf(
        hasIdentity,
        "create the IAM user or group of the service, with administrator credentials; these commands do not look at what is there",
        () => printIdentity(spec),
      ),
      ...stepIf(
        user !== undefined,
        "create an access key for the service; AWS shows its secret once, and a role needs none",
        () => [printAws(spec, "iam", "create-access-key", "--user-name", user ?? "")],
      ),
      ...stepIf(
        !hasIdentity && principal === undefined,
        "attach the policy of the service to the user or role that runs it; --user and --group print the commands, --principal puts it into the bucket policy",
      ),
    ];
  },
};

function printEventRule(spec: BucketSpec): string {
  const pattern = printDocument(buildEventPattern(spec));
  const rule = ["put-rule", "--name", "shift-media", "--event-pattern", pattern];
  return printAws({ ...spec, endpoint: undefined }, "events", ...rule);
}

/** The group, the user and the rights of the service. */
function printIdentity(spec: BucketSpec): readonly string[] {
  const { group, user } = spec;
  const document = printDocument({ ...buildServicePolicy(spec) });
  const policy = ["--policy-name", POLICY_NAME, "--policy-document", document];
  const iam = (...words: readonly string[]): string => printAws(spec, "iam", ...words);
  const forGroup = (name: string): readonly string[] => [
    iam("create-group", "--group-name", name),
    iam("put-group-policy", "--group-name", name, ...policy),
  ];
  const forUser = (name: string): readonly string[] => [
    iam("create-user", "--user-name", name),
    group === undefined
      ? iam("put-user-policy", "--user-name", name, ...policy)
      : iam("add-user-to-group", "--group-name", group, "--user-name", name),
  ];
  return [
    ...(group === undefined ? [] : forGroup(group)),
    ...(user === undefined ? [] : forUser(user)),
  ];
}
