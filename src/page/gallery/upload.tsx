import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useService } from "../state/hooks.ts";

interface UploadProps {
  readonly prefix: string;
  readonly onDone: () => void;
}

interface Uploads {
  /** Adds files to the folder, one after the other. */
  readonly add: (files: readonly File[]) => void;
  readonly status: string;
  /** Why files were refused. */
  readonly refusals: readonly string[];
}

/** Puts files into a folder, under their own names. */
export function useUploads({ prefix, onDone }: UploadProps): Uploads {
  const { client } = useService();
  const [status, setStatus] = useState("");
  const [refusals, setRefusals] = useState<readonly string[]>([]);
  const add = async (files: readonly File[]): Promise<void> => {
    setRefusals([]);
    for (const file of files) {
      setStatus(`Adding ${file.name} …`);
      try {
        await client.upload(prefix + file.name, file);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        setRefusals((before) => [...before, `${file.name}: ${reason}`]);
      }
    }
    setStatus("");
    onDone();
  };
  return { add: (files) => void add(files), status, refusals };
}

/** The way to choose files, for those who do not drop them. */
export function AddButton({ add }: Pick<Uploads, "add">): JSX.Element {
  return (
    <label class="add">
      Add images
      <input
        type="file"
        multiple
        accept="image/*"
        onChange={(event) => add([...(event.currentTarget.files ?? [])])}
      />
    </label>
  );
}
