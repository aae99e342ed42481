import type { Context, Hono } from "hono";
import { MediaError } from "../../errors.ts";
import type { EventReceiver } from "../../events/receive.ts";
import { readText } from "./body.ts";
import { addRoute } from "./route.ts";

/** The largest message of SNS and EventBridge. */
const MAX_BYTES = 256 * 1024;

/** Requests of SNS have no token: their signature is checked. */
export function isFromSns(c: Context): boolean {
  const { method, path } = c.req;
  return (
    method === "POST" &&
    path === "/-/events" &&
    c.req.header("x-amz-sns-message-type") !== undefined
  );
}

/** `POST /-/events` */
export function addEventRoute(app: Hono, receiver: EventReceiver): void {
  addRoute(app, "/events", {
    POST: async (c) => {
      const receive = isFromSns(c) ? chooseSnsReceiver(c, receiver) : receiver.receive;
      const receipt = await receive(await readText(c.req.raw, MAX_BYTES));
      return c.json(receipt, 200, { "cache-control": "no-store" });
    },
  });
}

function chooseSnsReceiver(c: Context, { receiveSns }: EventReceiver): EventReceiver["receive"] {
  if (!receiveSns) throw new MediaError("not_found", "set EVENT_TOPICS to receive messages of SNS");
  if (c.req.header("x-amz-sns-rawdelivery") !== "true") return receiveSns;
  const problem = "raw message delivery must be off: only whole messages are signed";
  throw new MediaError("invalid_body", problem);
}
