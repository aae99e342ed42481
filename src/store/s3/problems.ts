/** The reasons for which calls to a store fail. */
export type StoreProblem =
  | "no_credentials"
  | "unknown_key"
  | "wrong_secret"
  | "expired_token"
  | "wrong_region"
  | "wrong_clock"
  | "no_bucket"
  | "bad_bucket"
  | "denied"
  | "not_s3"
  | "no_name"
  | "no_connection"
  | "no_trust"
  | "slow"
  | "unsupported"
  | "failing"
  | "other";

/** The parts of an error of S3 or Node that messages are made of. */
export interface StoreErrorFacts {
  readonly name: string;
  readonly message: string;
  /** Of Node's own errors: `ECONNREFUSED`. */
  readonly code: string;
  readonly status: number | undefined;
  readonly region: string | undefined;
  readonly bucket: string | undefined;
  readonly contentType: string;
}

type Text = (facts: StoreErrorFacts) => { readonly message: string; readonly remedy: string };

/** Messages for operators. They contain no secret. */
export const TEXTS: Readonly<Record<StoreProblem, Text>> = {
  no_credentials: () => ({
    message: "there are no credentials for the store",
    remedy:
      "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role",
  }),
  unknown_key: () => ({
    message: "the store does not know the access key",
    remedy: "check AWS_ACCESS_KEY_ID, and that AWS_ENDPOINT_URL_S3 is the store that gave the key",
  }),
  wrong_secret: () => ({
    message: "the store refuses the signature",
    remedy:
      "check AWS_SECRET_ACCESS_KEY (no blank or line end in it), and that no proxy changes Host or path on the way",
  }),
  expired_token: () => ({
    message: "the session token has expired or is wrong",
    remedy: "get new credentials, or unset AWS_SESSION_TOKEN if the key is not a temporary one",
  }),
  wrong_region: ({ region }) =>
    region === undefined
      ? {
          message: "the bucket is in another region than AWS_REGION says, or no region is set",
          remedy: "set AWS_REGION to the region of the bucket: aws s3api head-bucket --bucket NAME",
        }
      : { message: `the bucket is in the region ${region}`, remedy: `set AWS_REGION=${region}` },
  wrong_clock: () => ({
    message: "the clock of this machine is off by more than the store allows, 15 minutes",
    remedy: "set the clock: timedatectl set-ntp true; restart a virtual machine that was suspended",
  }),
  no_bucket: ({ bucket }) => ({
    message: bucket === undefined ? "there is no such bucket" : `there is no bucket "${bucket}"`,
    remedy:
      "check S3_BUCKET, S3_VARIANTS_BUCKET and the endpoint, or create it: shift-media setup --create-bucket --apply",
  }),
  bad_bucket: () => ({
    message: "no bucket can have this name",
    remedy:
      "correct S3_BUCKET and S3_VARIANTS_BUCKET: names have 3 to 63 lower-case letters, digits, hyphens and dots",
  }),
  denied: () => ({
    message: "the store refuses access",
    remedy: "grant what shift-media setup prints to the user or role of these credentials",
  }),
  not_s3: ({ status }) => ({
    message: `the server at the endpoint is not S3${status === undefined ? "" : ` (it sent a page with status ${status})`}`,
    remedy: "check AWS_ENDPOINT_URL_S3; if it is right, a proxy or a login page answers instead",
  }),
  no_name: () => ({
    message: "the host name of the store is not known",
    remedy:
      "check AWS_ENDPOINT_URL_S3, AWS_REGION and the DNS; if buckets have no host names of their own, set S3_FORCE_PATH_STYLE=true",
  }),
  no_connection: ({ code }) => ({
    message: `no connection to the store (${code})`,
    remedy:
      "check host and port of AWS_ENDPOINT_URL_S3, that the store runs, and firewalls between",
  }),
  no_trust: ({ code }) => ({
    message: `the TLS connection to the store cannot be trusted (${code})`,
    remedy:
      "check http or https in AWS_ENDPOINT_URL_S3; for a certificate of your own set NODE_EXTRA_CA_CERTS=ca.pem",
  }),
  slow: () => ({
    message: "the store did not answer in time",
    remedy: "check the network to it, or raise STORE_TIMEOUT_MS",
  }),
  unsupported: ({ name }) => ({
    message: `the store does not support this call (${name})`,
    remedy: "the provider may not be the right one: name it with shift-media setup --provider",
  }),
  failing: ({ status }) => ({
    message: `the store is failing or overloaded (${status})`,
    remedy: "wait, and see the log of the store",
  }),
  other: ({ name, status, message }) => ({
    message: `the store answered ${[status, name].filter(Boolean).join(" ")}`,
    // the SDK's text for an empty message
    remedy: /^UnknownError$/.test(message)
      ? "the store gave no reason; see its own log"
      : message.slice(0, 200).replaceAll(/\s+/g, " "),
  }),
};
