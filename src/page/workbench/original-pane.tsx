import type { JSX, TargetedPointerEvent } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Crop, FocalPoint, TransformSpec } from "../../transform/spec.ts";
import { toPoint } from "../../transform/spec.ts";
import type { SourceFacts } from "../state/description.ts";
import { tryPath, useImage, useService } from "../state/hooks.ts";
import type { Place } from "../state/place.ts";
import { printSize } from "../state/print.ts";

interface OriginalPaneProps {
  readonly place: Extract<Place, { kind: "image" }>;
  readonly description: SourceFacts | undefined;
  readonly onChange: (spec: TransformSpec) => void;
}

/** The drag of a pointer, in fractions of the image. */
interface Drag {
  readonly from: FocalPoint;
  readonly to: FocalPoint;
}

/** A drag over less than this part of a side is a click. */
const LEAST_DRAG = 0.02;

/** The whole original: a click sets the focal point, a drag the crop. */
export function OriginalPane({ place, description, onChange }: OriginalPaneProps): JSX.Element {
  const { key, spec } = place;
  const { paths } = useService();
  const { path } = tryPath(() => paths.url(key, { width: 800, format: "auto" }));
  const { value, problem } = useImage(path);
  const [drag, setDrag] = useState<Drag>();
  const crop = (drag && toCrop(drag)) ?? toFractions(spec.crop, description);
  const setCrop = (next: Crop): void => {
    const { trim: _, ...rest } = spec; // both at once are a mistake
    onChange({ ...rest, crop: next });
  };
  const end = (last: Drag): void => {
    setDrag(undefined);
    const next = toCrop(last);
    if (next) setCrop(next);
    else onChange({ ...spec, gravity: roundPoint(last.from) });
  };
  return (
    <section class="source" aria-label="Original">
      <div
        class="picture"
        onPointerDown={(event) => {
          if (event.target instanceof HTMLButtonElement) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const from = locate(event);
          setDrag({ from, to: from });
        }}
        onPointerMove={(event) => drag && setDrag({ ...drag, to: locate(event) })}
        onPointerUp={(event) => drag && end({ ...drag, to: locate(event) })}
        onPointerCancel={() => setDrag(undefined)}
      >
        {value && <img src={value.url} alt="The original" draggable={false} />}
        {crop && <CropFrame crop={crop} />}
        {value && (
          <FocalDot
            gravity={spec.gravity}
            onChange={(point) => onChange({ ...spec, gravity: point })}
          />
        )}
      </div>
      {problem !== undefined && <p class="problem">{problem}</p>}
      <p class="caption">
        {description && (
          <>
            {description.width} × {description.height} · {description.format} ·{" "}
            {printSize(description.bytes)}
            <br />
          </>
        )}
        <span class="quiet">Click: focal point. Drag: crop.</span>
      </p>
    </section>
  );
}

function CropFrame({ crop }: { readonly crop: Omit<Crop, "unit"> }): JSX.Element {
  const style = {
    left: printPercent(crop.x),
    top: printPercent(crop.y),
    width: printPercent(crop.width),
    height: printPercent(crop.height),
  };
  return <span class="crop" style={style} aria-hidden="true" />;
}

function printPercent(part: number): string {
  return `${part * 100}%`;
}

interface FocalDotProps {
  readonly gravity: TransformSpec["gravity"];
  readonly onChange: (point: FocalPoint) => void;
}

const ARROWS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-0.02, 0],
  ArrowRight: [0.02, 0],
  ArrowUp: [0, -0.02],
  ArrowDown: [0, 0.02],
};

/** The focal point, which arrow keys move. */
function FocalDot({ gravity, onChange }: FocalDotProps): JSX.Element {
  const dot = useRef<HTMLButtonElement>(null);
  const isFound = gravity === "auto" || gravity === "entropy";
  const point = isFound || gravity === undefined ? toPoint("center") : resolvePoint(gravity);
  const [across, down] = [point.x, point.y].map((part) => Math.round(part * 100));
  return (
    <button
      type="button"
      ref={dot}
      class={`dot${gravity === undefined || isFound ? " unset" : ""}`}
      style={{ left: printPercent(point.x), top: printPercent(point.y) }}
      aria-label={`Focal point: ${across} % across, ${down} % down. Arrow keys move it`}
      onKeyDown={(event) => {
        const [x, y] = ARROWS[event.key] ?? [];
        if (x === undefined || y === undefined) return;
        event.preventDefault();
        onChange(roundPoint({ x: point.x + x, y: point.y + y }));
      }}
    />
  );
}

function resolvePoint(
  gravity: Exclude<NonNullable<TransformSpec["gravity"]>, "auto" | "entropy">,
): FocalPoint {
  return typeof gravity === "string" ? toPoint(gravity) : gravity;
}

/** The place of a pointer as fractions of the element's sides. */
function locate(event: TargetedPointerEvent<HTMLElement>): FocalPoint {
  const box = event.currentTarget.getBoundingClientRect();
  return clampPoint({
    x: (event.clientX - box.left) / box.width,
    y: (event.clientY - box.top) / box.height,
  });
}

function clampPoint({ x, y }: FocalPoint): FocalPoint {
  return { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
}

function roundPoint(point: FocalPoint): FocalPoint {
  const { x, y } = clampPoint(point);
  return { x: round(x, 100), y: round(y, 100) };
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}

/** The crop of a drag, in thousandths of the sides; `undefined` for a click. */
function toCrop({ from, to }: Drag): Crop | undefined {
  const x = round(Math.min(from.x, to.x), 1000);
  const y = round(Math.min(from.y, to.y), 1000);
  const width = round(Math.abs(from.x - to.x), 1000);
  const height = round(Math.abs(from.y - to.y), 1000);
  if (width < LEAST_DRAG || height < LEAST_DRAG) return undefined;
  return { unit: "fraction", x, y, width, height };
}

function toFractions(
  crop: Crop | undefined,
  size: SourceFacts | undefined,
): Omit<Crop, "unit"> | undefined {
  if (crop?.unit !== "pixel") return crop;
  if (!size) return undefined;
  return {
    x: crop.x / size.width,
    y: crop.y / size.height,
    width: Math.min(crop.width / size.width, 1 - crop.x / size.width),
    height: Math.min(crop.height / size.height, 1 - crop.y / size.height),
  };
}
