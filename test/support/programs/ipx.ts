// IPX with its defaults, on a folder, for the bench: its package is one of those that test/package.json names.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createIPX, createIPXNodeServer, ipxFSStorage } from "ipx";

const [dir = "."] = process.argv.slice(2);
const listener = createIPXNodeServer(createIPX({ storage: ipxFSStorage({ dir }) }));
const server = createServer(listener);
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
