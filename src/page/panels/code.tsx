import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { TransformSpec } from "../../transform/spec.ts";
import { createUrls } from "../../url/urls.ts";
import type { Loaded, Service } from "../state/hooks.ts";
import { tryPath, useLoaded, useService } from "../state/hooks.ts";
import { CopyButton } from "./copy-button.tsx";
import type { SourceFacts } from "../state/description.ts";
import type { SnippetName, Subject } from "./snippets.ts";
import { SNIPPETS } from "./snippets.ts";

interface CodeProps {
  readonly original: string;
  readonly spec: TransformSpec;
  readonly description: SourceFacts | undefined;
}

const NAMES = Object.keys(SNIPPETS) as readonly SnippetName[]; // exactly these keys

/** Code to copy, its URLs signed by the service where it can sign. */
export function Code({ original: key, spec, description }: CodeProps): JSX.Element {
  const service = useService();
  const [name, setName] = useState<SnippetName>("<img>");
  const [isSigned, setSigned] = useState(false);
  const make = (urls: Subject["urls"]): string =>
    SNIPPETS[name]({
      key,
      spec,
      baseUrl: location.origin + service.settings.basePath,
      ratio: description && description.height / description.width,
      urls,
    });
  const code = useCode(service, make, isSigned);
  const text = code.problem ?? code.value ?? "…";
  return (
    <section class="panel code">
      <h2>
        Code
        <CopyButton name="Copy the code" text={() => text} />
      </h2>
      <div class="pills" role="group" aria-label="Kind of code">
        {NAMES.map((other) => (
          <button
            key={other}
            type="button"
            aria-pressed={other === name}
            onClick={() => setName(other)}
          >
            {other}
          </button>
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox"
          class="switch"
          checked={isSigned}
          disabled={!service.settings.canSign}
          onChange={(event) => setSigned(event.currentTarget.checked)}
        />
        Signed URLs
        {!service.settings.canSign && <span class="quiet">need SIGNING_SECRETS</span>}
      </label>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </section>
  );
}

/** Makes code twice when it is signed: once to learn what has to be signed, and once with the signatures. */
function useCode(
  { client, settings }: Service,
  make: (urls: Subject["urls"]) => string,
  isSigned: boolean,
): Loaded<string> {
  const options = {
    baseUrl: location.origin + settings.basePath,
    variantsRoot: settings.variantsRoot,
    presets: settings.presets,
  };
  const asked: string[] = [];
  const sign = (path: string): string => {
    asked.push(path);
    return "…";
  };
  const draft = tryPath(() => make(createUrls(isSigned ? { ...options, sign } : options)));
  const paths = [...new Set(asked)];
  const signed = useLoaded(isSigned ? `${draft.path} ${paths.join(" ")}` : undefined, async () => {
    const signatures = await client.sign(paths);
    return make(createUrls({ ...options, sign: (path) => signatures.get(path) ?? "" }));
  });
  if (draft.problem !== undefined) return { problem: draft.problem, isLoading: false };
  return isSigned ? signed : { value: draft.path, isLoading: false };
}
