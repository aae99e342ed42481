import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Loaded, ShownImage } from "../state/hooks.ts";

interface StageProps {
  readonly result: Loaded<ShownImage>;
  readonly original: Loaded<ShownImage>;
  readonly problem: string | undefined;
  /** The variant is a text about the image. */
  readonly isDescription: boolean;
}

/** The variant, with a slider that uncovers the original in the same cut and size. */
export function Stage({ result, original, problem, isDescription }: StageProps): JSX.Element {
  return (
    <div class={`stage${result.isLoading ? " busy" : ""}`} aria-busy={result.isLoading}>
      {problem !== undefined ? (
        <p class="problem" role="alert">
          {problem}
        </p>
      ) : isDescription ? (
        <Description blob={result.value?.blob} />
      ) : (
        result.value && <Comparison after={result.value.url} before={original.value?.url} />
      )}
    </div>
  );
}

interface ComparisonProps {
  readonly after: string;
  readonly before: string | undefined;
}

function Comparison({ after, before }: ComparisonProps): JSX.Element {
  const [percent, setPercent] = useState(50);
  return (
    <div class="comparison" style={{ "--at": `${percent}%` }}>
      <img class="after" src={after} alt="The variant" />
      {before !== undefined && (
        <>
          <img class="before" src={before} alt="The original, in the same cut and size" />
          <span class="tag left" aria-hidden="true">
            original
          </span>
          <span class="tag right" aria-hidden="true">
            variant
          </span>
          <span class="divider" aria-hidden="true" />
          <input
            type="range"
            min={0}
            max={100}
            step={0.5}
            value={percent}
            aria-label="Share of the original that is shown, per cent"
            onInput={(event) => setPercent(Number(event.currentTarget.value))}
          />
        </>
      )}
    </div>
  );
}

/** A description is a text. */
function Description({ blob }: { readonly blob: Blob | undefined }): JSX.Element {
  const [text, setText] = useState("");
  useEffect(() => {
    let isCurrent = true;
    void blob?.text().then((read) => isCurrent && setText(indent(read)));
    return () => {
      isCurrent = false;
    };
  }, [blob]);
  return (
    <pre class="description" tabIndex={0}>
      {text}
    </pre>
  );
}

function indent(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text; // a hash
  }
}
