import { describeRaces } from "../support/library/races.ts";

describeRaces();
