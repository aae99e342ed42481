import type { JSX } from "preact";
import { useState } from "preact/hooks";

interface CopyButtonProps {
  /** Its task, for those who do not see where it stands. */
  readonly name: string;
  readonly text: () => string;
}

/** Copies a text, and says that it did. */
export function CopyButton({ name, text }: CopyButtonProps): JSX.Element {
  const [state, setState] = useState<"Copy" | "Copied" | "Not allowed">("Copy");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text());
      setState("Copied");
    } catch {
      setState("Not allowed"); // outside of https and localhost there is no clipboard
    }
    setTimeout(() => setState("Copy"), 1500);
  };
  return (
    <button type="button" class="copy" aria-label={`${name}: ${state}`} onClick={() => void copy()}>
      {state}
    </button>
  );
}
