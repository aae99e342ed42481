import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

/** A port on loopback that nobody listens on; somebody may take it at any time. */
export function findPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo; // it listens on a port
      server.close(() => resolve(port));
    });
  });
}
