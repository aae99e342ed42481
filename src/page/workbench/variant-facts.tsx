import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ShownImage } from "../state/hooks.ts";
import { printSize, printMs, printSaved } from "../state/print.ts";

interface VariantFactsProps {
  readonly image: ShownImage | undefined;
  readonly originalBytes: number | undefined;
}

/** The facts about the variant, in a line. */
export function VariantFacts({ image, originalBytes }: VariantFactsProps): JSX.Element {
  const size = useSize(image?.url);
  const facts: readonly (readonly [name: string, value: string | undefined])[] = [
    ["Size", size],
    ["Format", image?.type.replace(/^image\//, "")],
    ["Bytes", image && printSize(image.size)],
    ["To the original", image && originalBytes ? printSaved(image.size, originalBytes) : undefined],
    ["Made in", image?.ms === undefined ? undefined : printMs(image.ms)],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? "–"}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Width and height of an image in pixels. */
function useSize(url: string | undefined): string | undefined {
  const [size, setSize] = useState<string>();
  useEffect(() => {
    if (url === undefined) return;
    const image = new Image();
    image.src = url;
    image.decode().then(
      () => setSize(`${image.naturalWidth} × ${image.naturalHeight}`),
      () => setSize(undefined), // it is a description, and no image
    );
  }, [url]);
  return size;
}
