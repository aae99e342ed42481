import { useEffect, useState } from "preact/hooks";
import { useService } from "../state/hooks.ts";

/** A measurement: bytes and milliseconds, or the reason why there is none. */
export interface Measurement {
  readonly bytes?: number;
  readonly ms?: number | undefined;
  readonly problem?: string;
}

/** Measures variants one after the other, by their paths; begins again when the paths change. */
export function useMeasurements(paths: readonly string[]): ReadonlyMap<string, Measurement> {
  const { client } = useService();
  const [measured, setMeasured] = useState<ReadonlyMap<string, Measurement>>(new Map());
  const name = paths.join(" ");
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    setMeasured(new Map());
    const add = (path: string, measurement: Measurement): void => {
      if (!signal.aborted) setMeasured((before) => new Map(before).set(path, measurement));
    };
    for (const path of paths) {
      client.measure(path, signal).then(
        ({ size: bytes, ms }) => add(path, { bytes, ms }),
        (error: unknown) => add(path, { problem: (error as Error).message }), // errors are thrown alone
      );
    }
    return () => controller.abort();
  }, [name]);
  return measured;
}
