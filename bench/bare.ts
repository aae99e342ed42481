// The least that hono on Node's server can do: one redirect, one answer of bytes.
import { serve } from "@hono/node-server";
import { Hono } from "hono";

/** The answers to give: the one argument, as JSON. */
export interface BareAnswers {
  readonly location: string;
  readonly redirectHeaders: Readonly<Record<string, string>>;
  readonly size: number;
  readonly byteHeaders: Readonly<Record<string, string>>;
}

const answers = JSON.parse(process.argv[2] ?? "") as BareAnswers; // our own
const bytes = new Uint8Array(answers.size).fill(7);

const app = new Hono();
app.get("/redirect/*", (c) => {
  for (const [name, value] of Object.entries(answers.redirectHeaders)) c.header(name, value);
  return c.redirect(answers.location, 302);
});
app.get("/bytes/*", (c) => c.body(bytes, 200, answers.byteHeaders));

serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
