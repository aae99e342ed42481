import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { OriginalsPage } from "../../media/originals/list.ts";
import { replacePlace, useService, useSettled } from "../state/hooks.ts";
import type { Place } from "../state/place.ts";
import { printPlace } from "../state/place.ts";
import { Tile } from "./tile.tsx";
import { AddButton, useUploads } from "./upload.tsx";

type Folder = Extract<Place, { kind: "folder" }>;

/** The originals of a folder, a page at a time. */
export function Gallery({ place }: { readonly place: Folder }): JSX.Element {
  const { prefix } = place;
  const search = useSettled(place.search, 250);
  const { originalsPrefix: root } = useService().settings;
  const { keys, folders, hasMore, problem, isLoading, loadMore, reload } = usePages(prefix, search);
  const uploads = useUploads({ prefix: prefix === "" ? root : prefix, onDone: reload });
  const isEmpty = !isLoading && problem === undefined && keys.length + folders.length === 0;
  return (
    <div
      class="gallery"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        uploads.add([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <div class="find">
        <h1>{prefix === "" ? "Originals" : prefix.slice(0, -1).split("/").pop()}</h1>
        <input
          type="search"
          aria-label="Search in this folder"
          placeholder="Search by name"
          value={place.search}
          onInput={(event) => replacePlace({ ...place, search: event.currentTarget.value })}
        />
        <AddButton add={uploads.add} />
      </div>
      {uploads.refusals.map((refusal) => (
        <p class="problem" role="alert" key={refusal}>
          {refusal}
        </p>
      ))}
      <Folders folders={folders} prefix={prefix} />
      <ul class="tiles">
        {keys.map((key) => (
          <Tile key={key} original={key} name={key.slice(prefix.length)} />
        ))}
      </ul>
      <Notes isEmpty={isEmpty && search === ""} problem={problem} />
      <p class="quiet" role="status">
        {uploads.status || (isLoading ? "Loading …" : describeCount(keys.length, search))}
      </p>
      {hasMore && (
        <button type="button" onClick={loadMore} disabled={isLoading}>
          {search === "" ? "Show more" : "Search on"}
        </button>
      )}
    </div>
  );
}

interface NotesProps {
  readonly isEmpty: boolean;
  readonly problem: string | undefined;
}

function Notes({ isEmpty, problem }: NotesProps): JSX.Element {
  return (
    <>
      {isEmpty && <Empty />}
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

function Folders({
  folders,
  prefix,
}: {
  readonly folders: readonly string[];
  readonly prefix: string;
}): JSX.Element | null {
  if (folders.length === 0) return null;
  return (
    <ul class="folders">
      {folders.map((folder) => (
        <li key={folder}>
          <a href={printPlace({ kind: "folder", prefix: folder, search: "" })}>
            {folder.slice(prefix.length, -1)}
          </a>
        </li>
      ))}
    </ul>
  );
}

function Empty(): JSX.Element {
  return (
    <p class="empty">
      There are no originals here yet. Put images into the folder or the bucket that the service
      has, and load this page again.
    </p>
  );
}

function describeCount(count: number, search: string): string {
  if (count === 0) return search === "" ? "" : `No key has “${search}” in it.`;
  return `${count} ${count === 1 ? "image" : "images"}`;
}

interface Pages extends Pick<OriginalsPage, "keys" | "folders"> {
  readonly hasMore: boolean;
  readonly problem: string | undefined;
  readonly isLoading: boolean;
  readonly loadMore: () => void;
  readonly reload: () => void;
}

function usePages(prefix: string, search: string): Pages {
  const { client, settings } = useService();
  const [pages, setPages] = useState<readonly OriginalsPage[]>([]);
  const [problem, setProblem] = useState<string>();
  const [isLoading, setLoading] = useState(true);
  const load = async (before: readonly OriginalsPage[], signal?: AbortSignal): Promise<void> => {
    setLoading(true);
    setProblem(undefined);
    const cursor = before.at(-1)?.cursor;
    const query = {
      prefix: prefix === "" ? settings.originalsPrefix : prefix,
      ...(search !== "" && { search }),
      ...(cursor !== undefined && { cursor }),
    };
    try {
      const page = await client.list(query, signal);
      setPages([...before, page]);
    } catch (error) {
      if (signal?.aborted) return;
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setLoading(false);
  };
  useEffect(() => {
    const controller = new AbortController();
    void load([], controller.signal);
    return () => controller.abort();
  }, [prefix, search]);
  return {
    keys: pages.flatMap((page) => page.keys),
    folders: pages.flatMap((page) => page.folders),
    hasMore: pages.at(-1)?.cursor !== undefined,
    problem,
    isLoading,
    loadMore: () => void load(pages),
    reload: () => void load([]),
  };
}
