import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { parseHex } from "../../transform/color.ts";
import type { Field, Option } from "../../transform/options.ts";
import { OPTIONS, printValue } from "../../transform/options.ts";
import { IMAGE_FORMATS, hasFeature } from "../../transform/formats.ts";
import { COMPASS_POINTS } from "../../transform/spec.ts";
import { readSpec } from "../state/place.ts";
import { writePiece } from "../../transform/options.ts";
import { chooseKind, printHint, printTitle, readSliderRange, SUGGESTIONS } from "./groups.ts";

interface ControlProps {
  readonly field: Field;
  readonly value: unknown;
  /** Texts to choose from. */
  readonly words: readonly string[] | undefined;
  readonly format: string;
  readonly onChange: (value: unknown) => void;
}

/** The parts of a control share this. */
interface Part {
  readonly id: string;
  readonly field: Field;
  readonly text: string;
  readonly words: readonly string[];
  /** Takes a text; wrong ones are shown and go nowhere. */
  readonly onText: (text: string) => void;
}

/** One option: its name, its control, and the way back to its default. */
export function Control({ field, value, words = [], format, onChange }: ControlProps): JSX.Element {
  const id = useId();
  const [problem, setProblem] = useState<string>();
  const { implied }: Option = OPTIONS[field];
  const text = value === undefined ? "" : printValue(field, value as never); // a value of this field
  const isSet = value !== undefined;
  const take = (typed: string): void => {
    const parsed = typed === "" && implied !== true ? undefined : readValue(field, typed);
    const isWrong = typed !== "" && parsed === undefined;
    setProblem(isWrong ? OPTIONS[field].codec.expected : undefined);
    if (!isWrong) onChange(parsed);
  };
  const clear = (): void => {
    setProblem(undefined);
    onChange(undefined);
  };
  const part: Part = { id, field, text, words, onText: take };
  const lost = isSet ? findLoss(field, format) : undefined;
  const kind = chooseKind(field);
  return (
    <div class={`control for-${kind}${isSet ? " set" : ""}`} title={printHint(field)}>
      <label class="title" for={kind === "words" ? undefined : id} id={`${id}-title`}>
        {printTitle(field)}
      </label>
      <div class="body">
        {kind === "switch" ? (
          <input
            type="checkbox"
            class="switch"
            id={id}
            checked={isSet}
            onChange={() => onChange(isSet ? undefined : true)}
          />
        ) : (
          <Body kind={kind} part={part} />
        )}
      </div>
      <button
        type="button"
        class="clear"
        aria-label={`Clear ${printTitle(field).toLowerCase()}`}
        onClick={clear}
        disabled={!isSet && problem === undefined}
      >
        ×
      </button>
      {problem !== undefined && (
        <p class="problem" role="alert">
          must be {problem}
        </p>
      )}
      {lost !== undefined && <p class="note">{lost}</p>}
    </div>
  );
}

function Body({ kind, part }: { readonly kind: string; readonly part: Part }): JSX.Element {
  if (kind === "number") return <NumberControl {...part} />;
  if (kind === "color") return <ColorControl {...part} />;
  if (part.field === "gravity") return <GravityControl {...part} />;
  if (kind === "words") return <Pills {...part} />;
  return (
    <>
      <Typed {...part} />
      <Pills {...part} words={SUGGESTIONS[part.field] ?? part.words} />
    </>
  );
}

function NumberControl(part: Part): JSX.Element {
  const { field, text, words, onText } = part;
  const range = readSliderRange(field);
  const number = words.includes(text) ? "" : text;
  return (
    <>
      {range && (
        <input
          type="range"
          aria-label={`${printTitle(field)}, slider`}
          min={range.min}
          max={range.max}
          step={range.step}
          value={number === "" ? range.rest : number}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      )}
      <Typed {...part} text={number} />
      <Pills {...part} />
    </>
  );
}

function ColorControl(part: Part): JSX.Element {
  const { field, text, onText } = part;
  return (
    <>
      <input
        type="color"
        aria-label={`${printTitle(field)}, picker`}
        value={`#${(parseHex(text) ?? "808080").slice(0, 6)}`}
        onInput={(event) => onText(event.currentTarget.value.slice(1))}
      />
      <Typed {...part} />
    </>
  );
}

/** A text field that keeps what is typed while it is wrong. */
function Typed({ id, field, text, onText }: Part): JSX.Element {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const range = readSliderRange(field);
  return (
    <input
      id={id}
      class="typed"
      inputMode={range && range.step === 1 && range.min >= 0 ? "numeric" : "text"}
      autocomplete="off"
      spellcheck={false}
      value={typed}
      placeholder="–"
      onInput={(event) => {
        setTyped(event.currentTarget.value);
        onText(event.currentTarget.value.trim());
      }}
    />
  );
}

/** Words to choose from; the one that is chosen is left out by choosing it again. */
function Pills({ id, text, words, onText, field }: Part): JSX.Element | null {
  if (words.length === 0) return null;
  const chosen = field === "presets" ? text.split(".").filter(Boolean) : [text];
  return (
    <div class="pills" role="group" aria-labelledby={`${id}-title`}>
      {words.map((word) => {
        const isChosen = chosen.includes(word);
        const toggle = (): string => {
          if (field !== "presets") return isChosen ? "" : word;
          return (isChosen ? chosen.filter((name) => name !== word) : [...chosen, word]).join(".");
        };
        return (
          <button key={word} type="button" aria-pressed={isChosen} onClick={() => onText(toggle())}>
            {word.replace("auto:", "").replaceAll("_", " ")}
          </button>
        );
      })}
    </div>
  );
}

/** The compass as a square of nine, and the words beside it. */
function GravityControl(part: Part): JSX.Element {
  const { id, text, words, onText } = part;
  const others = words.filter((word) => !COMPASS_POINTS.some((point) => point === word));
  return (
    <div class="gravity">
      <div class="compass" role="group" aria-labelledby={`${id}-title`}>
        {COMPASS_POINTS.map((point) => (
          <button
            key={point}
            type="button"
            aria-label={point.replace("_", " ")}
            aria-pressed={text === point}
            onClick={() => onText(text === point ? "" : point)}
          />
        ))}
      </div>
      <Pills {...part} words={others} />
      <Typed {...part} />
    </div>
  );
}

/** Reads a value as a URL has it, in any of its spellings. */
function readValue(field: Field, text: string): unknown {
  const presets = new Map(field === "presets" ? text.split(".").map((name) => [name, {}]) : []);
  return readSpec(writePiece(field, text), presets)?.[field];
}

/** Says in which formats an option counts, if it does not in this one. */
function findLoss(field: Field, format: string): string | undefined {
  const { needs }: Option = OPTIONS[field];
  const known = IMAGE_FORMATS.find((name) => name === format);
  if (needs === undefined || known === undefined || hasFeature(known, needs)) return undefined;
  const formats = IMAGE_FORMATS.filter((name) => hasFeature(name, needs));
  return `no effect in ${format}; it counts for ${formats.join(", ")}`;
}
