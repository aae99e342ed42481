import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe } from "vitest";
import type { ObjectStore } from "../../../src/store/store.ts";
import type { Capabilities, Subject } from "./contract-subject.ts";
import { createSubject, listAll } from "./contract-subject.ts";
import { describeCopies } from "./contract-copy.ts";
import { describeConditions } from "./contract-conditions.ts";
import { describeDelete } from "./contract-delete.ts";
import { describeKeys } from "./contract-keys.ts";
import { describeList } from "./contract-list.ts";
import { describeObjects } from "./contract-objects.ts";
import { describeOpen } from "./contract-open.ts";
import { describePages } from "./contract-pages.ts";

type CreateStore = () => Promise<ObjectStore>;

/** The promises of `ObjectStore`, to be kept by every store. */
export function describeStore(
  storeName: string,
  createStore: CreateStore,
  capabilities: Capabilities,
): void {
  describeSubject(storeName, createStore, (subject) => {
    describeObjects(subject);
    describeOpen(subject);
    describeConditions(subject);
    describeCopies(subject);
    describeDelete(subject);
    describeList(subject);
    describeKeys(subject, capabilities);
  });
}

/** The promises about more objects than a page has. */
export function describeStorePages(storeName: string, createStore: CreateStore): void {
  describeSubject(storeName, createStore, describePages);
}

function describeSubject(
  storeName: string,
  createStore: CreateStore,
  describeTests: (subject: Subject) => void,
): void {
  describe(storeName, () => {
    const run = `contract-${randomUUID()}/`;
    let store: ObjectStore | undefined;
    const subject = createSubject(run, () => {
      if (!store) throw new Error("the store is opened before the first test");
      return store;
    });
    beforeAll(async () => {
      store = await createStore();
    });
    afterAll(async () => {
      await subject.store.delete(await listAll(subject.store, { prefix: run }));
    });
    describeTests(subject);
  });
}
