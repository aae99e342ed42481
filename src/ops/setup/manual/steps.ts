import type { Json } from "../bucket/merge.ts";
import { eventPattern } from "../bucket/notifications.ts";
import { servicePolicy } from "../bucket/policy.ts";
import { aws, line, print, quote } from "./shell.ts";
import type { Flavour, Wish } from "../spec.ts";
import { bucketsOf, hasOneBucket } from "../spec.ts";
import { wrangler } from "./wrangler.ts";

/** What the API of S3 cannot do, and somebody has to. */
export interface Instruction {
  readonly what: string;
  /** For a shell, with names in capitals where only that somebody knows. */
  readonly commands: readonly string[];
}

/** What is left to do beside the steps of a plan. */
export function byHand(wish: Wish): readonly Instruction[] {
  return BY_FLAVOUR[wish.flavour](wish);
}

const BY_FLAVOUR: Readonly<Record<Flavour, (wish: Wish) => readonly Instruction[]>> = {
  aws: handAws,
  rgw: handRgw,
  minio: handMinio,
  r2: handR2,
};

function handAws(wish: Wish): readonly Instruction[] {
  return [
    ...(wish.access === "cdn" ? [CDN] : []),
    ...(wish.notify === "eventbridge"
      ? [
          {
            what: "the rule of EventBridge that picks the events of originals; its target is in docs/purging.md",
            commands: [
              aws(
                { ...wish, endpoint: undefined },
                "events",
                "put-rule",
                "--name",
                "shift-media",
                "--event-pattern",
                print(eventPattern(wish)),
              ),
            ],
          },
        ]
      : []),
    ...(wish.user === undefined && wish.group === undefined && wish.principal === undefined
      ? [
          {
            what: "the policy below belongs to the user or the role that runs the service: --group, --user or --principal put it there",
            commands: [],
          },
        ]
      : []),
  ];
}

const CDN: Instruction = {
  what: "the distribution: an Origin Access Control for the bucket, and the query string v in the cache key",
  commands: [],
};

/** The gateway has users of its own, who get their rights by the bucket's policy. */
function handRgw({ user, principal }: Wish): readonly Instruction[] {
  if (user !== undefined) {
    const uid = line("radosgw-admin", "user", "create", `--uid=${user}`, `--display-name=${user}`);
    return [{ what: "the user; it prints the keys for the service", commands: [uid] }];
  }
  if (principal !== undefined) return [];
  const what =
    "the service's rights: --user NAME puts them into the bucket policy, for arn:aws:iam:::user/NAME";
  return [{ what, commands: [] }];
}

function handMinio(wish: Wish): readonly Instruction[] {
  const { user, corsOrigins, notify } = wish;
  const events = line(
    "mc",
    "event",
    "add",
    `ALIAS/${wish.originals.bucket}`,
    "ARN",
    "--event",
    "put,delete",
  );
  const prefix = wish.originals.prefix === "" ? "" : ` --prefix ${quote(wish.originals.prefix)}`;
  return [
    ...(user === undefined
      ? []
      : [
          {
            what: "the service's user and its policy, ALIAS being that of the server in mc",
            commands: [
              `printf %s ${quote(print(asJson(servicePolicy(wish))))} > shift-media-policy.json`,
              line(
                "mc",
                "admin",
                "policy",
                "create",
                "ALIAS",
                "shift-media",
                "shift-media-policy.json",
              ),
              `${line("mc", "admin", "user", "add", "ALIAS", user)} "$SECRET_ACCESS_KEY"`,
              line("mc", "admin", "policy", "attach", "ALIAS", "shift-media", "--user", user),
            ],
          },
        ]),
    ...(corsOrigins.length === 0
      ? []
      : [
          {
            what: "CORS, which is one setting for the whole server",
            commands: [
              line(
                "mc",
                "admin",
                "config",
                "set",
                "ALIAS",
                "api",
                `cors_allow_origin=${corsOrigins.join(",")}`,
              ),
            ],
          },
        ]),
    ...(notify === undefined || notify === "none"
      ? []
      : [{ what: "notifications (docs/purging.md)", commands: [events + prefix] }]),
  ];
}

/** R2's API of S3 has neither policies nor websites nor notifications. */
function handR2(wish: Wish): readonly Instruction[] {
  const { access, originals, variants, notify } = wish;
  const domain = wrangler(
    "domain",
    "add",
    variants.bucket,
    "--domain",
    "MEDIA.EXAMPLE.COM",
    "--zone-id",
    "ZONE",
  );
  const prefix = originals.prefix === "" ? [] : ["--prefix", originals.prefix];
  const types = ["--event-type", "object-create", "object-delete"];
  return [
    ...(wish.shouldCreateBuckets
      ? [
          {
            what: "the buckets, where the credentials may not make them",
            commands: bucketsOf(wish).map((bucket) => wrangler("create", bucket)),
          },
        ]
      : []),
    {
      what: `an API token for the service: R2 > Manage API tokens > Object Read & Write, for ${bucketsOf(wish).join(" and ")} only; it cannot be limited to a prefix`,
      commands: [],
    },
    ...(access === "private"
      ? []
      : [
          {
            what: `the domain that makes ${variants.bucket} public as a whole; PUBLIC_URL=https://MEDIA.EXAMPLE.COM`,
            commands: [domain],
          },
        ]),
    ...(notify === undefined || notify === "none"
      ? []
      : [
          {
            what: `notifications, by way of a queue (docs/purging.md)${hasOneBucket(wish) && originals.prefix === "" ? "; the service's own writes are told of too, and ignored by it" : ""}`,
            commands: [
              line("npx", "wrangler", "queues", "create", "media-events"),
              wrangler(
                "notification",
                "create",
                originals.bucket,
                ...types,
                "--queue",
                "media-events",
                ...prefix,
              ),
            ],
          },
        ]),
  ];
}

function asJson(policy: object): Json {
  return { ...policy };
}
