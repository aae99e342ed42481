import { Container, getRandom } from "@cloudflare/containers";

/** Number of containers that share the requests. */
const INSTANCES = 2;

interface ContainerBindings {
  readonly SERVICE: DurableObjectNamespace<ServiceContainer>;
}

/** The Dockerfile of this project, run by Cloudflare behind a Durable Object. */
export class ServiceContainer extends Container<ContainerBindings> {
  override defaultPort = 3000;
  /** Time without a request after which the container stops; the next request waits for its start. */
  override sleepAfter = "10m";
  override envVars: Record<string, string> = {
    ...listTexts(this.env),
    HOST: "0.0.0.0",
    PORT: "3000",
  };
}

/** Sends every request to one of the containers. */
const worker: { fetch(request: Request, bindings: ContainerBindings): Promise<Response> } = {
  fetch: async (request, { SERVICE }) => {
    const service = await getRandom(SERVICE, INSTANCES);
    return service.fetch(request);
  },
};

export default worker;

/** Lists the variables and secrets: all of them belong to the service. */
function listTexts(bindings: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(bindings).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
