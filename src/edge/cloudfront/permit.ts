import { multiply } from "../../transform/fold.ts";
import type { Texts } from "./read.ts";
import { leave, readPreset } from "./read.ts";
import { checkCompany, fold } from "./settle.ts";
import { termsOf } from "./values.ts";

/* What may be asked for by anybody, put in when the Function is made for a service. */

declare const IS_OPEN: boolean;
declare const HAS_PRESETS: boolean;
/** Whether there are lists: the Function of a service without is bundled without what reads them. */
declare const HAS_LISTS: boolean;
declare const WIDTHS: readonly number[];
declare const HEIGHTS: readonly number[];
/** Canonical texts. */
declare const RATIOS: readonly string[];
declare const QUALITIES: readonly string[];
/** Names of options: `w`, `e`. */
declare const OPTIONS: readonly string[];

/** Lets a transform through, its presets expanded and its sizes snapped; throws for all others. */
export function permit(typed: Texts): Texts {
  const spec: Texts = {};
  namesOf(typed).forEach((name) => Object.assign(spec, readPreset(name)));
  Object.assign(spec, typed);
  if (IS_OPEN || (HAS_PRESETS && isOfPresets(typed))) return spec;
  return HAS_LISTS ? applyLists(typed, spec) : leave();
}

function namesOf(typed: Texts): readonly string[] {
  return typed.t ? typed.t.split(".") : [];
}

function isOfPresets(typed: Texts): boolean {
  const count = namesOf(typed).length;
  const isRight = Object.keys(typed).every((label) => /^(?:t|f|dpr)$/.test(label));
  return isRight && count > 0 && count < 4 && hasUsualDpr(typed);
}

function hasUsualDpr(typed: Texts): boolean {
  return /^(?:1(?:\.5)?|2|3)$/.test(typed.dpr || "1");
}

function applyLists(typed: Texts, expanded: Texts): Texts {
  checkCompany(expanded);
  checkOptions(typed);
  const count = namesOf(typed).length;
  const isSized = typed.w || typed.h || typed.ar;
  if (count > 3 || (count && !isSized && !hasUsualDpr(typed))) leave();
  const spec = Object.assign({}, expanded);
  if (typed.g) spec.g = typed.g.split("x").map(snapFraction).join("x");
  return isSized || (!count && typed.dpr) ? snapSize(fold(spec)) : spec;
}

function checkOptions(typed: Texts): void {
  Object.keys(typed).forEach((label) => {
    const name = label.split("_")[0] as string;
    const isListed = OPTIONS.indexOf(name) >= 0 || (name === "q" && QUALITIES[0]);
    if (!isListed) leave();
  });
  const quality = typed.q || "auto:good";
  if (quality !== "auto:good" && QUALITIES.indexOf(quality) < 0) leave();
}

/** Of a gravity, half a point; words stay. */
function snapFraction(text: string): string {
  return /^\d/.test(text) ? `${Math.round(+text * 20) / 20}` : text;
}

function snapSize(spec: Texts): Texts {
  const width = +(spec.w || 0);
  const height = +(spec.h || 0);
  if (spec.ar) {
    if (RATIOS.indexOf(spec.ar) < 0) leave();
  } else if (width) {
    const snapped = snapUp(WIDTHS, width);
    spec.w = `${snapped}`;
    if (height) spec.h = `${scaleHeight([width, height], snapped)}`;
  } else if (height) {
    spec.h = `${snapUp(HEIGHTS, height)}`;
  }
  return spec;
}

function snapUp(list: readonly number[], asked: number): number {
  return list.filter((size) => size >= asked)[0] || leave();
}

function scaleHeight(box: readonly [number, number], width: number): number {
  const ratio = RATIOS.filter((listed) => {
    const terms = termsOf(listed);
    return (
      multiply(box[0], terms[1], terms[0]) === box[1] ||
      multiply(box[1], terms[0], terms[1]) === box[0]
    );
  })[0];
  if (ratio) return multiply(width, termsOf(ratio)[1], termsOf(ratio)[0]);
  const height = multiply(box[1], width, box[0]);
  return HEIGHTS.indexOf(height) < 0 ? leave() : height;
}
