import { servicePolicy } from "../bucket/policy.ts";
import { aws, print } from "./shell.ts";
import type { Wish } from "../spec.ts";

/** The name of the inline policy. */
export const POLICY_NAME = "ShiftMedia";

/** The group, the user, and what they may do, as calls of the AWS CLI. */
export function iamCommands(wish: Wish): readonly string[] {
  const { group, user } = wish;
  const policy = [
    "--policy-name",
    POLICY_NAME,
    "--policy-document",
    print({ ...servicePolicy(wish) }),
  ];
  const ofGroup =
    group === undefined
      ? []
      : [
          aws(wish, "iam", "create-group", "--group-name", group),
          aws(wish, "iam", "put-group-policy", "--group-name", group, ...policy),
        ];
  const rights = (name: string): string =>
    group === undefined
      ? aws(wish, "iam", "put-user-policy", "--user-name", name, ...policy)
      : aws(wish, "iam", "add-user-to-group", "--group-name", group, "--user-name", name);
  const ofUser =
    user === undefined ? [] : [aws(wish, "iam", "create-user", "--user-name", user), rights(user)];
  return [...ofGroup, ...ofUser];
}
