import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { Gallery } from "./gallery/gallery.tsx";
import { Client } from "./state/client.ts";
import type { Service } from "./state/hooks.ts";
import { connectService, ServiceContext, useLoaded, usePlace } from "./state/hooks.ts";
import { printPlace } from "./state/place.ts";
import type { Place } from "./state/place.ts";
import { keepToken, takeToken, watchToken } from "./state/token.ts";
import { Workbench } from "./workbench/workbench.tsx";

/** The page: it asks for the token first, then it shows the gallery or an image. */
export function MediaPage(): JSX.Element {
  const [token, setToken] = useState(takeToken);
  useLayoutEffect(() => watchToken(setToken), []); // before the parts that read the place
  const client = useMemo(() => (token === undefined ? undefined : new Client(token)), [token]);
  const { value: service, problem } = useLoaded(token, async () => {
    if (!client) throw new Error("there is no token");
    return connectService(client, await client.settings());
  });
  const take = (given: string): void => {
    keepToken(given);
    setToken(given);
  };
  if (token === undefined || problem !== undefined) {
    return <Door problem={token === undefined ? undefined : problem} onToken={take} />;
  }
  if (!service) return <p class="quiet middle">Connecting …</p>;
  return (
    <ServiceContext.Provider value={service}>
      <Open service={service} />
    </ServiceContext.Provider>
  );
}

function Open({ service }: { readonly service: Service }): JSX.Element {
  const place = usePlace(service.presets);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          <img src="/-/page/icon.svg" alt="" width={24} height={24} /> shift-media
        </a>
        <Trail place={place} />
      </header>
      <main id="main" tabIndex={-1}>
        {place.kind === "folder" ? (
          <Gallery key={place.prefix} place={place} />
        ) : (
          <Workbench key={place.key} place={place} />
        )}
      </main>
    </>
  );
}

/** The fragment of the address is the place, so that a link to a part must not change it. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}

/** The folders above, each a link. */
function Trail({ place }: { readonly place: Place }): JSX.Element {
  const path = place.kind === "folder" ? place.prefix : place.key;
  const names = path.split("/").filter(Boolean);
  return (
    <nav class="trail" aria-label="Folders">
      <ol>
        <li>
          <a href="#/" aria-current={names.length === 0 ? "page" : undefined}>
            Originals
          </a>
        </li>
        {names.map((name, index) => {
          const isLast = index === names.length - 1;
          const prefix = `${names.slice(0, index + 1).join("/")}/`;
          return (
            <li key={prefix}>
              {isLast ? (
                <span aria-current="page">{name}</span>
              ) : (
                <a href={printPlace({ kind: "folder", prefix, search: "" })}>{name}</a>
              )}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

interface DoorProps {
  readonly problem: string | undefined;
  readonly onToken: (token: string) => void;
}

/** The first thing to see without a token. */
function Door({ problem, onToken }: DoorProps): JSX.Element {
  const [text, setText] = useState("");
  return (
    <main class="door">
      <img src="/-/page/icon.svg" alt="" width={48} height={48} />
      <h1>shift-media</h1>
      <p>
        Open the address that the service printed when it started: it ends with{" "}
        <code>#token=…</code>. Or give the token here, which is that of <code>ADMIN_TOKEN</code>.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text !== "") onToken(text.trim());
        }}
      >
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button class="primary">Open</button>
      </form>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </main>
  );
}
