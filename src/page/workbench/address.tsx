import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { printTransform } from "../../transform/options.ts";
import { parseTransform } from "../../transform/parse.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import { useService } from "../state/hooks.ts";
import type { Place } from "../state/place.ts";
import { CopyButton } from "../panels/copy-button.tsx";

interface AddressProps {
  readonly place: Extract<Place, { kind: "image" }>;
  readonly onChange: (spec: TransformSpec) => void;
}

/** The URL of the variant; its options can be typed. */
export function Address({ place, onChange }: AddressProps): JSX.Element {
  const { key, spec } = place;
  const { paths, presets, settings } = useService();
  const printed = printTransform(spec);
  const [typed, setTyped] = useState(printed);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    setTyped(printed);
    setProblem(undefined);
  }, [printed]);
  const take = (text: string): void => {
    setTyped(text);
    try {
      onChange(parseTransform(text.trim(), presets));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message); // nothing else is thrown
    }
  };
  return (
    <div class="address">
      <div class="line">
        <span class="host" aria-hidden="true">
          <span>
            {location.host}
            {settings.basePath}
          </span>
          /
        </span>
        <input
          aria-label="Options of the URL"
          value={typed}
          placeholder="w_300,f_auto"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          onInput={(event) => take(event.currentTarget.value)}
        />
        <span class="key">/{key}</span>
        <CopyButton name="Copy the URL" text={() => `${location.origin}${paths.url(key, spec)}`} />
      </div>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
