/** Where variants live: nothing under the root is ever an original, whatever its epoch. */
export interface VariantPrefix {
  /** A folder with its slash: `variants/`. */
  readonly root: string;
  /** Changes when the same spec comes to mean other bytes: `1`. */
  readonly epoch: string;
}

/** Whether a key is kept for variants, of any epoch. */
export function isUnderRoot(root: string, key: string): boolean {
  return `${key}/`.startsWith(root);
}
