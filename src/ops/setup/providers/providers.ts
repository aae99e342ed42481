import type { ProviderName } from "../spec.ts";
import { AWS } from "./aws.ts";
import { MINIO } from "./minio.ts";
import type { Provider } from "./provider.ts";
import { R2 } from "./r2.ts";
import { RGW } from "./rgw.ts";

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  aws: AWS,
  r2: R2,
  rgw: RGW,
  minio: MINIO,
};
