import type { JSX } from "preact";
import type { ImageFormat } from "../../transform/formats.ts";
import { hasFeature, IMAGE_FORMATS } from "../../transform/formats.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import { QUALITY_LEVELS } from "../../transform/spec.ts";
import { tryPath, useService } from "../state/hooks.ts";
import { printSize, printMs, printSaved } from "../state/print.ts";
import type { Measurement } from "./measurements.ts";
import { useMeasurements } from "./measurements.ts";

interface FormatsProps {
  readonly original: string;
  readonly spec: TransformSpec;
  readonly onPick: (part: TransformSpec) => void;
}

/** The format and quality of one cell of the table. */
type Choice = Pick<TransformSpec, "format" | "quality" | "lossless">;

const COLUMNS = [...QUALITY_LEVELS, "lossless"] as const;
type Column = (typeof COLUMNS)[number];

/** The variant in every format and quality, with its bytes and the time that it took. */
export function Formats({ original, spec, onPick }: FormatsProps): JSX.Element {
  const { paths } = useService();
  const build = (choice: Choice): string | undefined => {
    const { expires: _, quality: __, lossless: ___, attachment: ____, ...rest } = spec;
    return tryPath(() => paths.url(original, { ...rest, ...choice })).path;
  };
  const cells = IMAGE_FORMATS.flatMap((format) =>
    COLUMNS.flatMap((column) => {
      const choice = chooseCell(format, column);
      const path = choice && build(choice);
      return path === undefined ? [] : [{ format, column, choice, path }];
    }),
  );
  const measured = useMeasurements(cells.map(({ path }) => path));
  const base = measured.get(build({ format: "jpg", quality: "good" }) ?? "")?.bytes;
  const find = (format: ImageFormat, column: Column) => {
    const cell = cells.find((other) => other.format === format && other.column === column);
    return cell && { ...cell, measurement: measured.get(cell.path) };
  };
  const findLeast = (column: Column): number =>
    Math.min(
      ...IMAGE_FORMATS.map((format) => find(format, column)?.measurement?.bytes ?? Infinity),
    );
  return (
    <section class="panel formats">
      <h2>Formats</h2>
      <p class="quiet">
        This variant in every format and quality: bytes, against JPEG of the default quality, and
        time. The smallest of each quality is bold. Choose one to use it.
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of formats">
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span class="hidden">format</span>
              </th>
              {COLUMNS.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {IMAGE_FORMATS.map((format) => (
              <tr key={format}>
                <th scope="row">{format}</th>
                {COLUMNS.map((column) => {
                  const cell = find(format, column);
                  if (!cell) return <td key={column} class="none" />;
                  const bytes = cell.measurement?.bytes;
                  return (
                    <td key={column}>
                      <Cell
                        measurement={cell.measurement}
                        base={base}
                        name={`Use ${format}, ${column}`}
                        isLeast={bytes !== undefined && bytes === findLeast(column)}
                        onPick={() =>
                          onPick({
                            quality: undefined,
                            lossless: undefined,
                            ...cell.choice,
                          } as TransformSpec)
                        }
                      />
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface CellProps {
  readonly measurement: Measurement | undefined;
  readonly base: number | undefined;
  readonly name: string;
  readonly isLeast: boolean;
  readonly onPick: () => void;
}

function Cell({ measurement, base, name, isLeast, onPick }: CellProps): JSX.Element {
  if (measurement?.problem !== undefined) {
    return (
      <span class="quiet" title={measurement.problem}>
        failed
      </span>
    );
  }
  const { bytes, ms } = measurement ?? {};
  if (bytes === undefined)
    return <span class="waiting" aria-label="is being measured" role="img" />;
  const share = base === undefined ? 0 : Math.min(1, bytes / (base * 2));
  return (
    <button
      type="button"
      class={`cell${isLeast ? " least" : ""}`}
      style={{ "--share": `${share * 100}%` }}
      onClick={onPick}
    >
      <span class="hidden">{name}: </span>
      <span class="bytes">{printSize(bytes)}</span>
      <span class="more">
        {base !== undefined && printSaved(bytes, base)}
        {ms !== undefined && ` · ${printMs(ms)}`}
      </span>
    </button>
  );
}

/** The options of a cell; `undefined` where a format has no such quality. PNG loses nothing, GIF has one quality. */
function chooseCell(format: ImageFormat, column: Column): Choice | undefined {
  if (column === "lossless") {
    if (hasFeature(format, "hasLossless")) return { format, lossless: true };
    return format === "png" ? { format } : undefined;
  }
  if (hasFeature(format, "hasQuality")) return { format, quality: column };
  return format === "gif" && column === "good" ? { format } : undefined;
}
