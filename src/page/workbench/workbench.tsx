import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { isImageFormat } from "../../transform/formats.ts";
import { getKeyFormat } from "../../transform/negotiate.ts";
import { FIELDS, OPTIONS } from "../../transform/options.ts";
import type { Field } from "../../transform/options.ts";
import { expandPresets } from "../../transform/presets.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import { Form } from "../form/form.tsx";
import { Code } from "../panels/code.tsx";
import { Explain } from "../panels/explain.tsx";
import { Formats } from "../panels/formats.tsx";
import { Planner } from "../panels/planner.tsx";
import { PresetLine } from "../panels/presets.tsx";
import {
  replacePlace,
  tryPath,
  useImage,
  useRested,
  useService,
  useSettled,
} from "../state/hooks.ts";
import { useDescription } from "../state/description.ts";
import type { Place } from "../state/place.ts";
import { Address } from "./address.tsx";
import { VariantFacts } from "./variant-facts.tsx";
import { OriginalPane } from "./original-pane.tsx";
import { Stage } from "./stage.tsx";

type ImagePlace = Extract<Place, { kind: "image" }>;

/** A pause in typing after which the variant is asked for, and one after which it is measured. */
const PREVIEW_MS = 150;
const MEASURE_MS = 700;

/** One image: every option of it, live, and all that can be said of the result. */
export function Workbench({ place }: { readonly place: ImagePlace }): JSX.Element {
  const { key, spec } = place;
  const { paths, presets, settings } = useService();
  const change = (next: TransformSpec): void => replacePlace({ ...place, spec: next });
  const shown = useMemo(() => splitSpec(expandPresets(spec, presets)), [spec, presets]);
  const { path, problem } = tryPath(() => paths.url(key, shown.result));
  const { path: before } = tryPath(() => paths.url(key, shown.before));
  const result = useImage(useSettled(path, PREVIEW_MS));
  const original = useImage(useSettled(before, PREVIEW_MS));
  const description = useDescription(key);
  const rested = useRested(spec, MEASURE_MS, !result.isLoading && !original.isLoading);
  const format = spec.format ?? getKeyFormat(key);
  return (
    <div class="workbench">
      <h1 class="hidden">{key}</h1>
      <section class="result" aria-label="Variant">
        <Address place={place} onChange={change} />
        <Stage
          result={result}
          original={original}
          problem={problem ?? result.problem}
          isDescription={!isImageFormat(format)}
        />
        <VariantFacts image={result.value} originalBytes={description?.bytes} />
      </section>
      <aside class="side" aria-label="Options">
        <OriginalPane place={place} description={description} onChange={change} />
        <Form
          spec={spec}
          format={format}
          presets={Object.keys(settings.presets)}
          onChange={change}
        />
      </aside>
      {rested && (
        <div class="panels">
          <Formats
            original={key}
            spec={rested}
            onPick={(picked) => change({ ...spec, ...picked })}
          />
          <div class="column">
            <Code original={key} spec={rested} description={description} />
            <PresetLine spec={rested} />
          </div>
          <div class="column">
            <Planner original={key} spec={rested} />
            <Explain original={key} spec={rested} />
          </div>
        </div>
      )}
    </div>
  );
}

/** True for an option that changes the shape, and not the colours or the bytes. */
function isShape(field: Field): boolean {
  const { name, affects } = OPTIONS[field];
  return name !== "e" && name !== "fl" && affects !== "file";
}

/** The variant, and the original in the same cut and size: without effects and without loss that could be seen. */
function splitSpec(spec: TransformSpec): {
  readonly result: TransformSpec;
  readonly before: TransformSpec;
} {
  // the page asks with its token, which is no signature
  const { expires: _, presets: __, attachment: ___, ...result } = spec;
  const shape = FIELDS.filter(isShape).map((field) => [field, spec[field]]);
  return { result, before: { ...Object.fromEntries(shape), format: "webp", quality: 95 } };
}
