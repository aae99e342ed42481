import type * as IamSdk from "@aws-sdk/client-iam";
import { MediaError } from "../../../errors.ts";
import { getErrorName, getStatus } from "../../../store/s3/errors.ts";
import { POLICY_NAME } from "./iam-commands.ts";
import type { Json } from "../bucket/merge.ts";
import { isSame } from "../bucket/merge.ts";
import type { Outcome } from "../outcome.ts";
import { explainFailure } from "../outcome.ts";
import type { Policy } from "../bucket/policy.ts";

/** The group and the user that the service is to run as. */
export interface IamWish {
  readonly group: string | undefined;
  readonly user: string | undefined;
  readonly policy: Policy;
  /** A key is made for a user who has none, and given here, once. */
  readonly onAccessKey?: (key: AccessKey) => void;
}

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

type Sdk = typeof IamSdk;

/** What the steps work with. */
interface Iam {
  readonly sdk: Sdk;
  readonly client: IamSdk.IAMClient;
}

/** Makes what is missing of group, user and rights; the rest is as it was. */
export async function* applyIam(
  wish: IamWish,
  region: string | undefined,
): AsyncGenerator<Outcome> {
  if (wish.group === undefined && wish.user === undefined) return;
  let isBroken = false;
  const sdk = await loadSdk();
  // IAM is one for all regions, and the SDK wants one all the same
  const client = new sdk.IAMClient({ region: region ?? "us-east-1", maxAttempts: 2 });
  try {
    for (const { step, of, run } of planIam({ sdk, client }, wish)) {
      if (isBroken) {
        yield { step, of, status: "skipped", says: "what comes before it has failed" };
        continue;
      }
      try {
        yield { step, of, ...(await run()) };
      } catch (error) {
        isBroken = true;
        yield { step, of, status: "failed", says: explainFailure(error) };
      }
    }
  } finally {
    client.destroy();
  }
}

/** It is loaded only where it is wanted: most never need it. */
async function loadSdk(): Promise<Sdk> {
  try {
    return await import("@aws-sdk/client-iam");
  } catch (cause) {
    const problem =
      "--group and --user need the package @aws-sdk/client-iam: npm install @aws-sdk/client-iam";
    throw new MediaError("invalid_body", problem, { cause });
  }
}

type Result = Pick<Outcome, "status" | "says">;

interface IamStep {
  readonly step: string;
  readonly of: string;
  readonly run: () => Promise<Result>;
}

function planIam(iam: Iam, { group, user, policy, onAccessKey }: IamWish): readonly IamStep[] {
  const ofGroup =
    group === undefined
      ? []
      : [
          { step: "group", of: group, run: () => makeGroup(iam, group) },
          { step: "group policy", of: group, run: () => grantGroup(iam, group, policy) },
        ];
  if (user === undefined) return ofGroup;
  const rights =
    group === undefined
      ? { step: "user policy", of: user, run: () => grantUser(iam, user, policy) }
      : { step: "membership", of: user, run: () => join(iam, user, group) };
  return [
    ...ofGroup,
    { step: "user", of: user, run: () => makeUser(iam, user) },
    rights,
    ...(onAccessKey
      ? [{ step: "access key", of: user, run: () => makeKey(iam, user, onAccessKey) }]
      : []),
  ];
}

async function makeGroup({ sdk, client }: Iam, GroupName: string): Promise<Result> {
  const found = await find(() => client.send(new sdk.GetGroupCommand({ GroupName }), limit()));
  if (found) return { status: "unchanged" };
  await client.send(new sdk.CreateGroupCommand({ GroupName }), limit());
  return { status: "created" };
}

async function makeUser({ sdk, client }: Iam, UserName: string): Promise<Result> {
  const found = await find(() => client.send(new sdk.GetUserCommand({ UserName }), limit()));
  if (found) return { status: "unchanged" };
  await client.send(new sdk.CreateUserCommand({ UserName }), limit());
  return { status: "created" };
}

async function grantGroup(
  { sdk, client }: Iam,
  GroupName: string,
  policy: Policy,
): Promise<Result> {
  const names = { GroupName, PolicyName: POLICY_NAME };
  return grant(policy, {
    read: () => client.send(new sdk.GetGroupPolicyCommand(names), limit()),
    write: (PolicyDocument) =>
      client.send(new sdk.PutGroupPolicyCommand({ ...names, PolicyDocument }), limit()),
  });
}

async function grantUser({ sdk, client }: Iam, UserName: string, policy: Policy): Promise<Result> {
  const names = { UserName, PolicyName: POLICY_NAME };
  return grant(policy, {
    read: () => client.send(new sdk.GetUserPolicyCommand(names), limit()),
    write: (PolicyDocument) =>
      client.send(new sdk.PutUserPolicyCommand({ ...names, PolicyDocument }), limit()),
  });
}

interface PolicyCalls {
  /** Gives the document as IAM does, encoded for a URL. */
  readonly read: () => Promise<{ readonly PolicyDocument: string | undefined }>;
  readonly write: (document: string) => Promise<unknown>;
}

async function grant(policy: Policy, { read, write }: PolicyCalls): Promise<Result> {
  const found = await find(read);
  const present = JSON.parse(decodeURIComponent(found?.PolicyDocument ?? "{}")) as Json;
  if (isSame(present, { ...policy })) return { status: "unchanged" };
  await write(JSON.stringify(policy));
  return { status: found ? "changed" : "created" };
}

async function join({ sdk, client }: Iam, UserName: string, GroupName: string): Promise<Result> {
  const { Groups } = await client.send(new sdk.ListGroupsForUserCommand({ UserName }), limit());
  if (Groups?.some((group) => group.GroupName === GroupName)) return { status: "unchanged" };
  await client.send(new sdk.AddUserToGroupCommand({ UserName, GroupName }), limit());
  return { status: "created" };
}

async function makeKey(
  { sdk, client }: Iam,
  UserName: string,
  onAccessKey: (key: AccessKey) => void,
): Promise<Result> {
  const { AccessKeyMetadata: keys = [] } = await client.send(
    new sdk.ListAccessKeysCommand({ UserName }),
    limit(),
  );
  if (keys.length > 0) {
    const says =
      "there is one already, whose secret nobody can be told again: delete it to have another made";
    return { status: "unchanged", says };
  }
  const { AccessKey: key } = await client.send(
    new sdk.CreateAccessKeyCommand({ UserName }),
    limit(),
  );
  if (!key?.AccessKeyId || !key.SecretAccessKey) {
    throw new MediaError("invalid_body", "IAM has made a key and not told it");
  }
  onAccessKey({ accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey });
  return { status: "created" };
}

/** What there is, or nothing. */
async function find<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const isMissing = getStatus(error) === 404 || getErrorName(error).startsWith("NoSuchEntity");
    if (isMissing) return undefined;
    throw error;
  }
}

const TIMEOUT_MS = 15_000;

function limit(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(TIMEOUT_MS) };
}
