import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { PRESET_NAME } from "../../transform/codecs.ts";
import { printTransform } from "../../transform/options.ts";
import { expandPresets } from "../../transform/presets.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import { useService } from "../state/hooks.ts";
import { CopyButton } from "./copy-button.tsx";

/** The options as a preset, in the line of configuration that gives it to the service. */
export function PresetLine({ spec }: { readonly spec: TransformSpec }): JSX.Element {
  const { presets, settings } = useService();
  const [name, setName] = useState("hero");
  const { expires: _, ...rest } = expandPresets(spec, presets);
  const all = { ...settings.presets, [name]: printTransform(rest) };
  const entries = Object.entries(all).map(([key, text]) => `${key}=${text}`);
  const line = `PRESETS="${entries.join(" ")}"`;
  const isRight = PRESET_NAME.test(name);
  return (
    <section class="panel preset">
      <h2>
        Preset
        <CopyButton name="Copy the line of configuration" text={() => line} />
      </h2>
      <label>
        Name
        <input
          value={name}
          spellcheck={false}
          aria-invalid={!isRight}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {isRight ? (
        <pre tabIndex={0}>
          <code>{line}</code>
        </pre>
      ) : (
        <p class="problem" role="alert">
          a name must be like small-2
        </p>
      )}
    </section>
  );
}
