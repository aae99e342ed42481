import { createFileStore } from "../../src/store/file/store.ts";
import type { Subject } from "../support/library/collection.ts";
import { describeCollection, openS3Subject } from "../support/library/collection.ts";
import { createScratch, openLibrary } from "../support/library/library.ts";

async function openFolders(): Promise<Subject> {
  const scratch = await createScratch();
  const library = openLibrary(scratch);
  return {
    library,
    originals: createFileStore({ root: scratch.folder }),
    variants: createFileStore({ root: scratch.variantsFolder }),
    close: async () => {
      await library.close();
      await scratch.remove();
    },
  };
}

describeCollection("folders", openFolders);
describeCollection("S3", () => openS3Subject());
