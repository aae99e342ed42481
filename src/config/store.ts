import { isAbsolute, relative, resolve } from "node:path";
import { ConfigError } from "./error.ts";

export type StoreConfig =
  | { readonly kind: "file"; readonly originalsDir: string; readonly variantsDir: string }
  | {
      readonly kind: "s3";
      readonly originalsBucket: string;
      readonly variantsBucket: string;
      readonly forcePathStyle: boolean;
      /** The endpoint in presigned URLs, if clients reach the store at another one than this service. */
      readonly publicEndpoint?: string;
    };

/** The variables that name the stores. */
interface StoreVariables {
  readonly ORIGINALS_DIR: string;
  readonly VARIANTS_DIR: string;
  readonly VARIANTS_ROOT: string;
  readonly S3_BUCKET?: string | undefined;
  readonly S3_VARIANTS_BUCKET?: string | undefined;
  readonly S3_FORCE_PATH_STYLE?: boolean | undefined;
  readonly S3_PUBLIC_ENDPOINT?: string | undefined;
  readonly DELIVERY: string;
  readonly PUBLIC_URL?: string | undefined;
}

/**
 * Chooses the store by what is set.
 *
 * @param hasEndpoint an endpoint is set; such a store rarely has a host name for each bucket
 * @throws ConfigError when settings contradict each other
 */
export function deriveStore(env: StoreVariables, hasEndpoint: boolean): StoreConfig {
  const store = chooseStore(env, hasEndpoint);
  checkStore(env, store);
  return store;
}

/** Reads the endpoint from the variables of the SDK, whose own error does not name the variable. */
export function readEndpoint(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const name = environment["AWS_ENDPOINT_URL_S3"] ? "AWS_ENDPOINT_URL_S3" : "AWS_ENDPOINT_URL";
  const endpoint = environment[name];
  if (!endpoint) return undefined;
  if (/^https?:\/\/./.test(endpoint) && URL.canParse(endpoint)) return endpoint;
  throw new ConfigError(`${name} must be an http or https URL, got "${endpoint}"`);
}

function chooseStore(env: StoreVariables, hasEndpoint: boolean): StoreConfig {
  if (!env.S3_BUCKET) {
    return { kind: "file", originalsDir: env.ORIGINALS_DIR, variantsDir: env.VARIANTS_DIR };
  }
  return {
    kind: "s3",
    originalsBucket: env.S3_BUCKET,
    variantsBucket: env.S3_VARIANTS_BUCKET ?? env.S3_BUCKET,
    forcePathStyle: env.S3_FORCE_PATH_STYLE ?? hasEndpoint,
    ...(env.S3_PUBLIC_ENDPOINT !== undefined && { publicEndpoint: env.S3_PUBLIC_ENDPOINT }),
  };
}

/** Checks what depends on several variables. */
function checkStore(env: StoreVariables, store: StoreConfig): void {
  if (store.kind === "s3") {
    if (env.DELIVERY === "redirect" && !env.PUBLIC_URL) {
      throw new ConfigError("DELIVERY=redirect needs a PUBLIC_URL to redirect to");
    }
    return;
  }
  if (env.DELIVERY === "presigned") {
    throw new ConfigError(
      "DELIVERY=presigned needs an S3_BUCKET: URLs of folders cannot be signed",
    );
  }
  const inside = relative(resolve(store.originalsDir), resolve(store.variantsDir));
  const isInside = inside !== "" && !inside.startsWith("..") && !isAbsolute(inside);
  if (isInside && !`${inside}/`.startsWith(env.VARIANTS_ROOT)) {
    const problem = `VARIANTS_DIR must not be inside ORIGINALS_DIR, got "${store.variantsDir}"`;
    throw new ConfigError(`${problem}: variants would be taken for originals`);
  }
}
