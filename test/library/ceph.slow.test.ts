import { describe } from "vitest";
import { describeCollection, openS3Subject } from "../support/library/collection.ts";
import { describeRaces } from "../support/library/races.ts";
import { hasRgw, startRgwBuckets } from "../support/s3/rgw.ts";

// the gateway of Ceph has servers of its own, so what it says is another opinion
describe.skipIf(!hasRgw())("with Ceph", () => {
  describeCollection("Ceph", () => openS3Subject(startRgwBuckets));
  describeRaces(startRgwBuckets);
});
