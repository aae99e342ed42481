import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Transform } from "../../transform/transform.ts";
import { toSpec } from "../../transform/transform.ts";
import { tryPath, useImage, useService } from "../state/hooks.ts";
import { printPlace } from "../state/place.ts";

/** The variant in the gallery. It is stored, so that the next visit is quick. */
const THUMBNAIL: Transform = { width: 480, height: 360, gravity: "auto", format: "auto" };

/** The options that an image is opened with. */
const FIRST = toSpec({ width: 1200, format: "auto" });

interface TileProps {
  readonly original: string;
  readonly name: string;
}

/** An original in the gallery. */
export function Tile({ original, name }: TileProps): JSX.Element {
  const { paths } = useService();
  const [isNear, ref] = useNearness();
  const { path } = tryPath(() => paths.url(original, THUMBNAIL));
  const { value, problem } = useImage(isNear ? path : undefined, true);
  return (
    <li class="tile" ref={ref}>
      <a href={printPlace({ kind: "image", key: original, spec: FIRST })}>
        <span class="thumb">
          {value ? (
            <img src={value.url} alt="" />
          ) : (
            <span class="kind" title={problem}>
              {problem === undefined ? "" : (/\.(\w+)$/.exec(name)?.[1] ?? "?")}
            </span>
          )}
        </span>
        <span class="name">{name}</span>
      </a>
    </li>
  );
}

/** True from the moment on when the element is near to what is seen. */
function useNearness(): readonly [boolean, (element: Element | null) => void] {
  const [isNear, setNear] = useState(false);
  const seen = useRef<Element | null>(null);
  useEffect(() => {
    const element = seen.current;
    if (!element) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        setNear(true);
        observer.disconnect();
      },
      { rootMargin: "300px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [
    isNear,
    (element) => {
      seen.current = element;
    },
  ];
}
