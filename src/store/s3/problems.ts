/** What a store can be wrong with, or rather whoever configured it. */
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

/** All that errors of the SDK and of Node tell. */
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

/** In plain words, for whoever operates this; without anything secret in it. */
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
    remedy: "get new credentials, or unset AWS_SESSION_TOKEN where the key is a lasting one",
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
    remedy: "set the clock: timedatectl set-ntp true, or restart the virtual machine that slept",
  }),
  no_bucket: ({ bucket }) => ({
    message: bucket === undefined ? "there is no such bucket" : `there is no bucket "${bucket}"`,
    remedy:
      "check S3_BUCKET, S3_VARIANTS_BUCKET and the endpoint, or have it made: shift-media setup --create-bucket --apply",
  }),
  bad_bucket: () => ({
    message: "no bucket can have this name",
    remedy:
      "name in S3_BUCKET and S3_VARIANTS_BUCKET what has 3 to 63 small letters, digits, hyphens and dots",
  }),
  denied: () => ({
    message: "the store refuses access",
    remedy: "grant what shift-media setup prints, to the user or role whose credentials these are",
  }),
  not_s3: ({ status }) => ({
    message: `what answers there is no S3${status === undefined ? "" : ` (a page, with status ${status})`}`,
    remedy:
      "check AWS_ENDPOINT_URL_S3; if it is right, a proxy or a login page answers in its place",
  }),
  no_name: () => ({
    message: "the host name of the store is not known",
    remedy:
      "check AWS_ENDPOINT_URL_S3, AWS_REGION and the DNS; where buckets have no host names of their own, set S3_FORCE_PATH_STYLE=true",
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
    message: `the store does not have this (${name})`,
    remedy: "another kind of store may need another flavour: shift-media setup --flavour",
  }),
  failing: ({ status }) => ({
    message: `the store is failing or overloaded (${status})`,
    remedy: "wait, and see its own logs",
  }),
  other: ({ name, status, message }) => ({
    message: `the store answered ${[status, name].filter(Boolean).join(" ")}`,
    // what the SDK has for an empty message
    remedy: /^UnknownError$/.test(message)
      ? "it says no more; its own log may"
      : message.slice(0, 200).replaceAll(/\s+/g, " "),
  }),
};
