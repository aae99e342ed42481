import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Field } from "../../transform/options.ts";
import { OPTIONS, printTransform } from "../../transform/options.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import { Control } from "./control.tsx";
import type { Group } from "./groups.ts";
import { GROUPS } from "./groups.ts";

interface FormProps {
  readonly spec: TransformSpec;
  /** The format of the result, where it does not depend on the client. */
  readonly format: string;
  readonly presets: readonly string[];
  readonly onChange: (spec: TransformSpec) => void;
}

/** Groups that are open at first. */
const OPEN: ReadonlySet<string> = new Set(["Size", "Focus and crop", "Output"]);

/** Every option of the table, with the values that the address has. */
export function Form({ spec, format, presets, onChange }: FormProps): JSX.Element {
  // only at first: a group does not close under the hand of who clears its last option
  const [open] = useState(
    () => new Set(GROUPS.filter((group) => OPEN.has(group.title) || isUsed(group, spec))),
  );
  const set = (field: Field, value: unknown): void => {
    const { [field]: _, ...rest } = spec;
    onChange(value === undefined ? rest : { ...rest, [field]: value });
  };
  return (
    <form class="form" onSubmit={(event) => event.preventDefault()}>
      {GROUPS.map((group) => (
        <details key={group.title} open={open.has(group)}>
          <summary>
            {group.title}
            <code>{printPart(group, spec)}</code>
          </summary>
          <div class="controls">
            {group.fields.map((field) => (
              <Control
                key={field}
                field={field}
                value={spec[field]}
                words={field === "presets" ? presets : OPTIONS[field].codec.words}
                format={format}
                onChange={(value) => set(field, value)}
              />
            ))}
          </div>
        </details>
      ))}
    </form>
  );
}

function isUsed({ fields }: Group, spec: TransformSpec): boolean {
  return fields.some((field) => spec[field] !== undefined);
}

/** The options of a group as the URL has them. */
function printPart({ fields }: Group, spec: TransformSpec): string {
  const part = Object.fromEntries(
    Object.entries(spec).filter(([field]) => fields.some((name) => name === field)),
  );
  return printTransform(part);
}
