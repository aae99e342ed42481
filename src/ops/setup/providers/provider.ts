import type { BucketSpec, SettingKind } from "../spec.ts";

/** A step that the S3 API cannot do. */
export interface ManualStep {
  readonly about: string;
  /** For a shell; names in capitals are placeholders. */
  readonly commands: readonly string[];
}

/** A kind of store. */
export interface Provider {
  /** As people write it: `Cloudflare R2`. */
  readonly title: string;
  /** Settings that its S3 API takes, in the order in which they are applied. */
  readonly settings: readonly SettingKind[];
  /** Commands for settings that need another tool than the AWS CLI. */
  readonly commands?: Readonly<
    Partial<Record<SettingKind, (spec: BucketSpec, bucket: string) => readonly string[]>>
  >;
  listManualSteps(spec: BucketSpec): readonly ManualStep[];
}

/** Gives the step if it is wanted, for lists of steps. */
export function stepIf(
  isWanted: boolean,
  about: string,
  commands: () => readonly string[] = () => [],
): readonly ManualStep[] {
  return isWanted ? [{ about, commands: commands() }] : [];
}

/** True when changes of originals are to be announced. */
export function wantsNotifications({ notify }: BucketSpec): boolean {
  return notify !== undefined && notify !== "none";
}
