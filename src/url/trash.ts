/** The days that deleted files can be kept for: the bucket has one rule of expiry for each. */
export const TRASH_DAYS = [7, 30, 90] as const;

export type TrashDays = (typeof TRASH_DAYS)[number];

/** The key that a deleted file is kept under. */
export function toTrashKey(key: string, days: TrashDays): string {
  return `trash/${days}/${key}`;
}

const TRASH = new RegExp(`^trash/(?:$|(?:${TRASH_DAYS.join("|")})/)`);

/** True for the key of a deleted file, or of the folder of all: it is no original. */
export function isInTrash(key: string): boolean {
  return TRASH.test(key);
}
