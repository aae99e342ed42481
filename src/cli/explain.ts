import { printExamples } from "./options/examples.ts";
import type { Command } from "commander";
import { describePolicy } from "../config/policy.ts";
import type { Config } from "../config/config.ts";
import { MediaError } from "../errors.ts";
import type { Explanation } from "../request/explain.ts";
import { explainRequest } from "../request/explain.ts";
import type { MediaRequest, RequestRules } from "../request/request.ts";
import { readRequest } from "../request/read.ts";
import { getPublicUrl } from "../config/config.ts";
import { createRequestRules } from "../config/request-rules.ts";
import { createStores } from "../service/stores.ts";
import { readRecipe, RECIPE } from "../media/recipe.ts";
import { EXIT } from "./exit.ts";
import { printResult, readConfig } from "./options/environment.ts";
import { splitUrl } from "./sign.ts";

interface ExplainOptions {
  readonly accept?: string;
  readonly stored?: boolean;
}

/** `shift-media explain` */
export function addExplain(program: Command): void {
  program
    .command("explain")
    .description("explain what a URL asks for, how it is stored, and whether it is allowed")
    .argument("<url>", "URL or path of the service that this environment configures")
    .option("--accept <header>", "Accept header, for f_auto")
    .option("--stored", "look at the stored variant, too, and tell the recipe that it was made by")
    .addHelpText(
      "after",
      printExamples("shift-media explain /w_300,f_auto/cat.jpg --accept image/avif"),
    )
    .action(async (url: string, options: ExplainOptions) => {
      const config = readConfig("explain URLs");
      if (config) await printResult(() => explain(splitUrl(url).target, options, config));
    });
}

async function explain(
  target: string,
  { accept, stored = false }: ExplainOptions,
  config: Config,
): Promise<string> {
  const rules = createRequestRules(config, getPublicUrl(config) !== undefined);
  const { request, verdict } = await judge(target, accept, rules);
  return printRows([
    ...describeRequest(explainRequest(target, request, rules)),
    ...(stored ? [["stored", await describeStored(request, config)] as const] : []),
    ["policy", describePolicy(config.access).join("\n")],
    ["verdict", verdict],
  ]);
}

async function describeStored(request: MediaRequest, config: Config): Promise<string> {
  if (request.form === "original") return "originals have no recipe";
  const { variants } = await createStores(config);
  const object = await variants.head(request.variantKey);
  return object
    ? `by recipe ${readRecipe(object.metadata)}; the present one is ${RECIPE}`
    : "not yet";
}

interface Judgement {
  readonly request: MediaRequest;
  readonly verdict: string;
}

/** A refused URL is read a second time without a policy, to explain the rest of it. */
async function judge(
  target: string,
  accept: string | undefined,
  rules: RequestRules,
): Promise<Judgement> {
  try {
    const request = await readRequest(target, accept, rules);
    return { request, verdict: `allowed: ${explainRequest(target, request, rules).policy}` };
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    process.exitCode = EXIT.failed;
    const request = await readRequest(target, accept, openUp(rules));
    return { request, verdict: `refused (${error.code}): ${error.message}` };
  }
}

function openUp(rules: RequestRules): RequestRules {
  return {
    ...rules,
    policy: { isOpen: true, hasPresets: false },
    unsignedStored: "all",
    verify: async () => true,
    originals: { passthrough: "allow", prefix: "" },
    now: () => 0,
  };
}

type Row = readonly [name: string, text: string];

function describeRequest(explanation: Explanation): readonly Row[] {
  const { form, key, typed, canonical, format, isNegotiated, expires, asks, hint } = explanation;
  const { variantKey } = explanation;
  const forms = {
    request: "a transform of an original",
    stored: "a variant by its stored name",
    original: "an original as it is",
  };
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["asks for", forms[form]],
    ["key", key],
    ["typed", typed],
    ["canonical", canonical],
    ["means", asks],
    ["format", isNegotiated ? `${format}, by the Accept header (--accept)` : format],
    ["hint", hint],
    ["stored as", variantKey],
    ["expires", expires],
  ];
  return rows.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]));
}

function printRows(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows
    .map(([name, text]) => name.padEnd(width) + text.replaceAll("\n", `\n${" ".repeat(width)}`))
    .join("\n");
}
