import { MediaError } from "../../../errors.ts";
import type { Json } from "./merge.ts";
import { rulesIn } from "./merge.ts";
import type { Website, Wish } from "../spec.ts";
import { hostOf } from "../spec.ts";

/** Without the right to list, a website answers 403 for what is missing. */
const MISSES = ["403", "404"];

/**
 * Sends who asks the bucket's website for a variant that is not there to the service, which answers a
 * stored form always with its bytes, so that nobody comes back.
 *
 * @throws MediaError `invalid_body` when the service is the website itself, or none
 */
export function website(wish: Wish, wanted: Website): Json {
  const service = readService(wanted.service);
  checkLoop(wish, wanted, service);
  const base = service.pathname.replace(/^\//, "").replace(/\/?$/, "/").replace(/^\/$/, "");
  return {
    IndexDocument: { Suffix: "index.html" },
    RoutingRules: MISSES.map((code) => ({
      Condition: { HttpErrorCodeReturnedEquals: code, KeyPrefixEquals: wish.variants.prefix },
      Redirect: {
        Protocol: service.protocol.replace(":", ""),
        HostName: service.host,
        HttpRedirectCode: "302",
        ...(base !== "" && { ReplaceKeyPrefixWith: base + wish.variants.prefix }),
      },
    })),
  };
}

function readService(text: string): URL {
  const isUrl = /^https?:\/\/[^?#\s]+$/.test(text) && URL.canParse(text);
  if (isUrl) return new URL(text);
  throw new MediaError("invalid_body", `--service must be an http or https URL, got "${text}"`);
}

function checkLoop({ variants }: Wish, { publicUrl = "" }: Website, { host }: URL): void {
  const { bucket } = variants;
  const name = host.toLowerCase();
  const isBucket =
    name === bucket || name.startsWith(`${bucket}.s3`) || /(?:^|[.-])s3-website[.-]/.test(name);
  const isPublic = publicUrl !== "" && new URL(publicUrl).host.toLowerCase() === name;
  if (!isBucket && !isPublic) return;
  const what = isBucket
    ? "the website of a bucket"
    : `where PUBLIC_URL leads (${hostOf(publicUrl)})`;
  throw new MediaError(
    "invalid_body",
    `--service must be the service itself, got "${host}", which is ${what}: a miss would be sent in a circle`,
  );
}

/**
 * Routing rules have no names: ours are those about these errors below the variants' prefix.
 *
 * @throws MediaError when the website is nothing but a redirect
 */
export function mergeWebsite(present: Json | undefined, ours: Json): Json {
  if (present?.["RedirectAllRequestsTo"] !== undefined) {
    const problem =
      "the website of the bucket redirects everything; take that away, or use another bucket";
    throw new MediaError("invalid_body", problem);
  }
  const replaced = new Set(rulesIn(ours, "RoutingRules").map(conditionOf));
  const foreign = rulesIn(present, "RoutingRules").filter(
    (rule) => !replaced.has(conditionOf(rule)),
  );
  return {
    IndexDocument: present?.["IndexDocument"] ?? ours["IndexDocument"],
    ...(present?.["ErrorDocument"] !== undefined && { ErrorDocument: present["ErrorDocument"] }),
    // the first that fits counts: theirs may be about everything
    RoutingRules: [...rulesIn(ours, "RoutingRules"), ...foreign],
  };
}

function conditionOf({ Condition }: Json): string {
  const { HttpErrorCodeReturnedEquals = "", KeyPrefixEquals = "" } = (Condition ?? {}) as Json;
  return JSON.stringify([HttpErrorCodeReturnedEquals, KeyPrefixEquals]);
}
