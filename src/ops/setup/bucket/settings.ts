import type { S3Client } from "@aws-sdk/client-s3";
import {
  DeleteBucketCorsCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketPolicyCommand,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketWebsiteCommand,
  GetPublicAccessBlockCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import { isBucketMissing, getStatus } from "../../../store/s3/errors.ts";
import { mergeCors, mergeLifecycle, mergePublicAccess, sortLifecycle } from "./documents.ts";
import type { Json } from "./merge.ts";
import { mergeNotifications } from "./notifications.ts";
import type { SettingKind } from "../spec.ts";
import { mergePolicy } from "./policy.ts";
import { mergeWebsite } from "./website.ts";

/** The bucket of a call, and the client for it. */
export interface Call {
  readonly client: S3Client;
  readonly Bucket: string;
}

/** Reads one setting of a bucket, merges our part into it, and writes it. */
interface Setting {
  read(call: Call): Promise<unknown>;
  /** @returns undefined when the setting is to be removed */
  merge(present: Json | undefined, ours: Json): Json | undefined;
  write(call: Call, document: Json): Promise<unknown>;
  remove?(call: Call): Promise<unknown>;
}

/** Milliseconds for one call. */
const TIMEOUT_MS = 10_000;

function limit(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(TIMEOUT_MS) };
}

// documents have the shape that the SDK sends; it checks no more than S3 does
export const SETTINGS: Readonly<Record<Exclude<SettingKind, "bucket">, Setting>> = {
  public_access: {
    read: async ({ client, Bucket }) =>
      (await client.send(new GetPublicAccessBlockCommand({ Bucket }), limit()))
        .PublicAccessBlockConfiguration,
    merge: mergePublicAccess,
    write: ({ client, Bucket }, PublicAccessBlockConfiguration) =>
      client.send(
        new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }),
        limit(),
      ),
  },
  policy: {
    read: async ({ client, Bucket }) => {
      const { Policy } = await client.send(new GetBucketPolicyCommand({ Bucket }), limit());
      return JSON.parse(Policy ?? "{}") as unknown;
    },
    merge: mergePolicy,
    write: ({ client, Bucket }, document) => {
      const Policy = JSON.stringify(document);
      return client.send(new PutBucketPolicyCommand({ Bucket, Policy }), limit());
    },
    remove: ({ client, Bucket }) => client.send(new DeleteBucketPolicyCommand({ Bucket }), limit()),
  },
  cors: {
    read: async ({ client, Bucket }) => {
      const { CORSRules } = await client.send(new GetBucketCorsCommand({ Bucket }), limit());
      return { CORSRules };
    },
    merge: mergeCors,
    write: ({ client, Bucket }, document) => {
      const CORSConfiguration = document as { CORSRules: [] };
      return client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }), limit());
    },
    remove: ({ client, Bucket }) => client.send(new DeleteBucketCorsCommand({ Bucket }), limit()),
  },
  lifecycle: {
    read: async ({ client, Bucket }) => {
      const command = new GetBucketLifecycleConfigurationCommand({ Bucket });
      const { Rules } = await client.send(command, limit());
      return sortLifecycle({ Rules });
    },
    merge: mergeLifecycle,
    write: ({ client, Bucket }, document) => {
      const LifecycleConfiguration = document as { Rules: [] };
      return client.send(
        new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }),
        limit(),
      );
    },
    remove: ({ client, Bucket }) =>
      client.send(new DeleteBucketLifecycleCommand({ Bucket }), limit()),
  },
  website: {
    read: async ({ client, Bucket }) => {
      const { $metadata: _, ...website } = await client.send(
        new GetBucketWebsiteCommand({ Bucket }),
        limit(),
      );
      return website;
    },
    merge: mergeWebsite,
    write: ({ client, Bucket }, WebsiteConfiguration) =>
      client.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }), limit()),
  },
  notifications: {
    read: async ({ client, Bucket }) => {
      const command = new GetBucketNotificationConfigurationCommand({ Bucket });
      const { $metadata: _, ...notifications } = await client.send(command, limit());
      return notifications;
    },
    merge: mergeNotifications,
    write: ({ client, Bucket }, NotificationConfiguration) =>
      client.send(
        new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }),
        limit(),
      ),
  },
};

/** @returns undefined when the bucket does not have the setting */
export async function readSetting(setting: Setting, call: Call): Promise<Json | undefined> {
  try {
    return (await setting.read(call)) as Json | undefined; // each read gives the document of its kind
  } catch (error) {
    // each setting has an error code of its own for that
    if (getStatus(error) === 404 && !isBucketMissing(error)) return undefined;
    throw error;
  }
}
