import { Container, getRandom } from "@cloudflare/containers";

/** How many of them answer. */
const INSTANCES = 2;

interface Bindings {
  readonly SERVICE: DurableObjectNamespace<Service>;
}

/** The Dockerfile of this project, run by Cloudflare behind a Durable Object. */
export class Service extends Container<Bindings> {
  override defaultPort = 3000;
  /** After this long without a request it ends, and the next one waits for it to start. */
  override sleepAfter = "10m";
  override envVars: Record<string, string> = {
    ...textsOf(this.env),
    HOST: "0.0.0.0",
    PORT: "3000",
  };
}

/** Sends every request to one of the containers. */
const worker: { fetch(request: Request, bindings: Bindings): Promise<Response> } = {
  fetch: async (request, { SERVICE }) => {
    const service = await getRandom(SERVICE, INSTANCES);
    return service.fetch(request);
  },
};

export default worker;

/** Variables and secrets: all that are bound here are the service's. */
function textsOf(bindings: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(bindings).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
