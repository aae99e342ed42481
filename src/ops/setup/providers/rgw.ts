import { printCommand } from "../shell.ts";
import type { Provider } from "./provider.ts";
import { stepIf } from "./provider.ts";

/** Ceph's gateway has users of its own, who get their rights from the bucket policy. */
export const RGW: Provider = {
  title: "Ceph RGW",
  settings: ["bucket", "public_access", "policy", "cors", "lifecycle", "website", "notifications"],
  listManualSteps: ({ user, principal }) => [
    ...stepIf(
      user !== undefined,
      "create the user of the service; the command prints its keys",
      () => [
        printCommand("radosgw-admin", "user", "create", `--uid=${user}`, `--display-name=${user}`),
      ],
    ),
    ...stepIf(
      user === undefined && principal === undefined,
      "give the service its rights: --user NAME puts them into the bucket policy, for arn:aws:iam:::user/NAME",
    ),
  ],
};
