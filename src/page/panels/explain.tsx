import type { JSX } from "preact";
import type { ServiceExplanation } from "../../http/admin/explain.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import { tryPath, useLoaded, useService } from "../state/hooks.ts";
import { printSize } from "../state/print.ts";

interface ExplainProps {
  readonly original: string;
  readonly spec: TransformSpec;
}

/** How the service reads the URL. */
export function Explain({ original, spec }: ExplainProps): JSX.Element {
  const { client, paths, settings } = useService();
  const { expires: _, ...rest } = spec;
  const { path, problem } = tryPath(() => paths.url(original, rest));
  const { value, problem: failure } = useLoaded(path, (signal) =>
    client.explain(path ?? "", signal),
  );
  const wrong = problem ?? failure;
  return (
    <section class="panel explain">
      <h2>How it is read</h2>
      {wrong !== undefined && <p class="problem">{wrong}</p>}
      {value && (
        <dl>
          {listLines(value).map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
      <details>
        <summary>Policy of the service</summary>
        <ul class="quiet">
          {settings.policy.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </section>
  );
}

function listLines(
  explained: ServiceExplanation,
): readonly (readonly [string, JSX.Element | string])[] {
  const { asks, canonical, variantKey, policy, isAllowed, storedBytes, format, isNegotiated } =
    explained;
  const verdict = (
    <>
      <span class={isAllowed ? "good" : "bad"}>{isAllowed ? "allowed" : "refused"}</span> {policy}
    </>
  );
  const stored =
    storedBytes === undefined
      ? "not yet: the first request makes it"
      : `yes, ${printSize(storedBytes)}`;
  return [
    ["Options", asks ?? "none"],
    [
      "Format",
      `${format ?? "that of the original"}${isNegotiated ? ", by what the browser accepts" : ""}`,
    ],
    ...(canonical === undefined ? [] : [["Canonical form", <code>{canonical}</code>] as const]),
    ...(variantKey === undefined ? [] : [["Stored as", <code>{variantKey}</code>] as const]),
    ["Without a signature", verdict],
    ...(variantKey === undefined ? [] : [["Stored", stored] as const]),
  ];
}
