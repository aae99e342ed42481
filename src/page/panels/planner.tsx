import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { TransformSpec } from "../../transform/spec.ts";
import { resizeTo } from "../../url/srcset.ts";
import { tryPath, useService } from "../state/hooks.ts";
import { printSize } from "../state/print.ts";
import { CopyButton } from "./copy-button.tsx";
import { useMeasurements } from "./measurements.ts";
import { chooseWidth, readWidths, resolveSizes, VIEWPORTS } from "./sizes.ts";

interface PlannerProps {
  readonly original: string;
  readonly spec: TransformSpec;
}

/** Widths for a `srcset`, and the weight that three screens get of it. */
export function Planner({ original, spec }: PlannerProps): JSX.Element {
  const { paths } = useService();
  const [typed, setTyped] = useState("320, 640, 960, 1280, 1920");
  const [sizes, setSizes] = useState("(min-width: 1000px) 800px, 100vw");
  const widths = readWidths(typed);
  const { expires: _, attachment: __, ...rest } = spec;
  const build = (width: number): string | undefined =>
    tryPath(() => paths.url(original, resizeTo(rest, width))).path;
  const measured = useMeasurements(widths.flatMap((width) => build(width) ?? []));
  const weigh = (width: number | undefined): number | undefined =>
    width === undefined ? undefined : measured.get(build(width) ?? "")?.bytes;
  const most = Math.max(0, ...widths.map((width) => weigh(width) ?? 0));
  const srcset = (): string =>
    paths.srcset(original, rest, { widths }).replaceAll(/(^|, )\//g, `$1${location.origin}/`);
  return (
    <section class="panel planner">
      <h2>
        Srcset
        <CopyButton name="Copy the srcset" text={srcset} />
      </h2>
      <div class="pair">
        <label>
          Widths
          <input
            value={typed}
            inputMode="numeric"
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <label>
          Sizes
          <input
            value={sizes}
            spellcheck={false}
            onInput={(event) => setSizes(event.currentTarget.value)}
          />
        </label>
      </div>
      <ul class="weights">
        {widths.map((width) => (
          <li key={width}>
            <span>{width}w</span>
            <span
              class="bar"
              style={{ "--share": `${most === 0 ? 0 : ((weigh(width) ?? 0) / most) * 100}%` }}
            />
            <span>{printWeight(weigh(width))}</span>
          </li>
        ))}
      </ul>
      <ul class="screens">
        {VIEWPORTS.map((viewport) => {
          const css = resolveSizes(sizes, viewport);
          const needed = css === undefined ? undefined : Math.round(css * viewport.dpr);
          const chosen = needed === undefined ? undefined : chooseWidth(widths, needed);
          return (
            <li key={viewport.name}>
              <strong>{viewport.name}</strong>
              <span class="quiet">
                {viewport.width} px at {viewport.dpr}×
              </span>
              <span class="weight">{printWeight(weigh(chosen))}</span>
              <span class="quiet">
                {needed === undefined
                  ? "only px, vw, min-width, max-width"
                  : `needs ${needed}, takes ${chosen ?? "–"}`}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function printWeight(bytes: number | undefined): string {
  return bytes === undefined ? "…" : printSize(bytes);
}
