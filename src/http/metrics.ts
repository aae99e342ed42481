import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { MediaEvent, Observe } from "../media/observe.ts";

const PREFIX = "shift_media_";
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Values that are read when metrics are printed. */
export interface Gauges {
  readonly pool: () => {
    readonly workers: number;
    readonly busy: number;
    readonly queued: number;
    readonly queuedBackground: number;
  };
  readonly background: () => number;
}

export interface Metrics {
  readonly observe: Observe;
  countRequest(method: string, status: number, ms: number): void;
  /** Prints all metrics in the text format of Prometheus. */
  print(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(gauges: Gauges): Metrics {
  const registry = new Registry();
  collectProcessMetrics(registry);
  addGauges(registry, gauges);
  const requests = counter(registry, "requests_total", {
    help: "Requests answered",
    labelNames: ["method", "status"],
  });
  const counted = new Map<string, Counter.Internal>();
  const getCounter = (method: string, status: number): Counter.Internal => {
    const name = `${method} ${status}`;
    const known = counted.get(name) ?? requests.labels(method, String(status));
    counted.set(name, known);
    return known;
  };
  const requestSeconds = histogram(registry, "request_seconds", "Time to the answer");
  const observe = createObserver(registry);
  return {
    observe,
    countRequest: (method, status, ms) => {
      getCounter(METHODS.has(method) ? method : "other", status).inc();
      requestSeconds.observe(ms / 1000);
    },
    print: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** The longest interval of a timer. */
const NEVER_MS = 2 ** 31 - 1;
const SAMPLED = ["min", "max", "mean", "stddev", "p50", "p90", "p99"];

/**
 * Adds the metrics of the Node process. The delay of the event loop is left out: a timer would sample it a hundred
 * times a second, for 1 % of a core at rest. How busy the loop is costs nothing, and tells more.
 */
function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({
    register: registry,
    prefix: PREFIX,
    eventLoopMonitoringPrecision: NEVER_MS,
  });
  for (const name of SAMPLED) {
    registry.removeSingleMetric(`${PREFIX}nodejs_eventloop_lag_${name}_seconds`);
  }
  const busy = new Counter({
    name: `${PREFIX}nodejs_eventloop_busy_seconds_total`,
    help: "Time in which the event loop was not idle",
    registers: [registry],
    collect: () => {
      busy.reset();
      busy.inc(performance.eventLoopUtilization().active / 1000);
    },
  });
}

/** Other methods are counted as one: clients can invent methods, and each value of a label is a series. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"]);

function createObserver(registry: Registry): Observe {
  const simple = {
    hit: counter(registry, "hits_total", { help: "Variants that were stored already" }),
    miss: counter(registry, "misses_total", { help: "Variants that had to be made" }),
    join: counter(registry, "joins_total", {
      help: "Requests that waited for another request's variant",
    }),
    fetch: counter(registry, "fetches_total", { help: "Requests for originals to their store" }),
    purge: counter(registry, "purges_total", { help: "Purges, of a key or a prefix" }),
    write_failed: counter(registry, "write_failures_total", {
      help: "Variants that could not be stored",
    }),
    background_failed: counter(registry, "background_failures_total", {
      help: "Background tasks failed",
    }),
  };
  const transforms = counter(registry, "transforms_total", {
    help: "Variants made",
    labelNames: ["format"],
  });
  const transformSeconds = histogram(registry, "transform_seconds", "Time in queue and transform");
  const failures = counter(registry, "failures_total", {
    help: "Requests failed",
    labelNames: ["code"],
  });
  const purged = counter(registry, "purged_variants_total", { help: "Variants deleted" });
  const bucketEvents = counter(registry, "bucket_events_total", {
    help: "Events of buckets, by outcome",
    labelNames: ["outcome"],
  });
  return (event: MediaEvent) => {
    if (event.kind === "failure") failures.inc({ code: event.code });
    else if (event.kind === "purged") purged.inc(event.variants);
    else if (event.kind === "bucket_event") bucketEvents.inc({ outcome: event.outcome });
    else if (event.kind === "transform") {
      transforms.inc({ format: event.format });
      transformSeconds.observe(event.ms / 1000);
    } else simple[event.kind].inc();
  };
}

function addGauges(registry: Registry, { pool, background }: Gauges): void {
  gauge(registry, "children", { help: "Image processes alive", read: () => pool().workers });
  gauge(registry, "children_busy", { help: "Image processes at work", read: () => pool().busy });
  gauge(registry, "queue", {
    help: "Transforms in the queue that a client waits for",
    read: () => pool().queued,
  });
  gauge(registry, "queue_background", {
    help: "Transforms in the queue that run in the background",
    read: () => pool().queuedBackground,
  });
  gauge(registry, "background", {
    help: "Background tasks under way, such as writes and checks",
    read: background,
  });
}

function gauge(
  registry: Registry,
  name: string,
  { help, read }: { readonly help: string; readonly read: () => number },
): void {
  const metric: Gauge = new Gauge({
    name: PREFIX + name,
    help,
    registers: [registry],
    collect: () => metric.set(read()),
  });
}

function counter<T extends string = never>(
  registry: Registry,
  name: string,
  { help, labelNames = [] }: { readonly help: string; readonly labelNames?: readonly T[] },
): Counter<T> {
  return new Counter({ name: PREFIX + name, help, labelNames, registers: [registry] });
}

function histogram(registry: Registry, name: string, help: string): Histogram {
  return new Histogram({ name: PREFIX + name, help, buckets: SECONDS, registers: [registry] });
}
