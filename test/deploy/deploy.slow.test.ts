import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { DockerfileParser } from "dockerfile-ast";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { listDefaults } from "../../src/config/config.ts";
import { createFolders, startTestServer } from "../support/service/server.ts";
import type { TestServer } from "../support/service/server.ts";

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url));
}

function read(name: string): string {
  return readFileSync(pathOf(name), "utf8");
}

/** A document whose shape the tests are about; what is missing in it is `undefined`. */
interface Tree {
  readonly [name: string]: Tree | undefined;
}

/** A leaf, as text. */
function textOf(tree: Tree | undefined): string {
  return tree as unknown as string; // checked by what it is compared to
}

function childrenOf(tree: Tree | undefined): readonly Tree[] {
  return Object.values(tree ?? {}).filter((child) => child !== undefined);
}

/** CloudFormation's short forms as the long ones. */
function readTemplate(text: string): Tree {
  const names = ["Ref", "Sub", "GetAtt", "If", "Not", "Equals"];
  const customTags = names.flatMap((name) =>
    (["scalar", "seq", "map"] as const).map((kind) => ({
      tag: `!${name}`,
      ...(kind !== "scalar" && { collection: kind }),
      resolve: (value: unknown) => ({
        [name]: (value as { toJSON?: () => unknown }).toJSON?.() ?? value,
      }),
    })),
  );
  return parse(text, { customTags: customTags as [] }) as Tree; // its leaves are texts and numbers
}

const TEMPLATE = "deploy/aws/template.yaml";
/** Variables that the SDK, Node and the S3 server beside the service read. */
const OTHERS = /^(?:AWS_|NODE_|ROOT_|VGW_)/;

describe("the variables of what is deployed", () => {
  const dockerfile = DockerfileParser.parse(read("Dockerfile"));
  const resources = readTemplate(read(TEMPLATE))["Resources"];
  const container = resources?.["TaskDefinition"]?.["Properties"]?.["ContainerDefinitions"]?.["0"];
  const compose = parse(read("compose.yaml")) as Tree;
  const manifests = parseAllDocuments(read("deploy/kubernetes/shift-media.yaml")).map(
    (document) => document.toJSON() as Tree,
  );
  const ofKind = (kind: string): Tree | undefined =>
    manifests.find((manifest) => textOf(manifest["kind"]) === kind);
  const lambda = readTemplate(read("deploy/lambda/template.yaml"));
  const unit = read("deploy/systemd/shift-media.service").matchAll(/\b([A-Z][A-Z_]+)=\S/g);

  it.each([
    [
      "Dockerfile",
      dockerfile.getENVs().flatMap((env) => env.getProperties().map((p) => p.getName())),
    ],
    ["compose.yaml", Object.keys(compose["services"]?.["shift-media"]?.["environment"] ?? {})],
    [
      TEMPLATE,
      [...childrenOf(container?.["Environment"]), ...childrenOf(container?.["Secrets"])].map(
        (each) => textOf(each["Name"]),
      ),
    ],
    [
      "deploy/kubernetes",
      Object.keys({ ...ofKind("ConfigMap")?.["data"], ...ofKind("Secret")?.["stringData"] }),
    ],
    [
      "deploy/lambda",
      Object.keys(
        lambda["Resources"]?.["Function"]?.["Properties"]?.["Environment"]?.["Variables"] ?? {},
      ),
    ],
    ["deploy/systemd", [...unit].map(([, name = ""]) => name)],
  ])("are those that the service reads, in %s", (_, names) => {
    expect(names.length).toBeGreaterThan(1);
    const known = new Set(Object.keys(listDefaults()));
    expect(names.filter((name: string) => !known.has(name) && !OTHERS.test(name))).toEqual([]);
  });

  it("tell browsers where S3 is, when the service's own name for it is not theirs", () => {
    const services = compose["services"];
    const environment = services?.["shift-media"]?.["environment"];
    const { hostname, port } = new URL(textOf(environment?.["AWS_ENDPOINT_URL_S3"]));
    const publicEndpoint = textOf(environment?.["S3_PUBLIC_ENDPOINT"]);
    expect(publicEndpoint).toContain(`//localhost:${port}`);
    const ports = childrenOf(services?.[hostname]?.["ports"]).map(textOf);
    expect(ports).toContain(`127.0.0.1:${port}:${port}`);
  });

  it("leave time to stop in good order", () => {
    const setting = (name: string): number => {
      const found = childrenOf(container?.["Environment"]).find(
        (each) => textOf(each["Name"]) === name,
      );
      return Number(found?.["Value"]) / 1000;
    };
    expect(container?.["StopTimeout"]).toBeGreaterThan(
      setting("STOP_DELAY_MS") + setting("DRAIN_TIMEOUT_MS"),
    );
    const data = ofKind("ConfigMap")?.["data"];
    const pod = ofKind("Deployment")?.["spec"]?.["template"]?.["spec"];
    expect(pod?.["terminationGracePeriodSeconds"]).toBeGreaterThan(
      (Number(data?.["STOP_DELAY_MS"]) + Number(data?.["DRAIN_TIMEOUT_MS"])) / 1000,
    );
  });
});

describe("Dockerfile", () => {
  const dockerfile = DockerfileParser.parse(read("Dockerfile"));
  let server: TestServer;
  let remove: () => Promise<void>;

  beforeAll(async () => {
    const folders = await createFolders({});
    remove = folders.remove;
    server = await startTestServer({
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
    });
  });

  afterAll(async () => {
    await server.stop();
    await remove();
  });

  it("takes files that are there, and that are let in", () => {
    const taken = dockerfile
      .getCOPYs()
      .filter((copy) => copy.getFlags().length === 0)
      .flatMap((copy) => copy.getArguments().slice(0, -1))
      .map((argument) => argument.getValue().replace(/^\.\//, ""));
    expect(taken).toContain("src");
    const { scripts } = JSON.parse(read("package.json")) as { scripts: { build: string } };
    const sources = scripts.build.match(/(?<=')\w+(?=\/)/g) ?? [];
    expect([...taken, "dist"]).toEqual(expect.arrayContaining(sources));
    for (const name of taken) expect(existsSync(pathOf(name)), name).toBe(true);
    const allowed = read(".dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    expect(new Set(taken)).toEqual(new Set(allowed));
  });

  it("does not run as root", () => {
    const users = dockerfile.getInstructions().filter((each) => each.getKeyword() === "USER");
    expect(users.at(-1)?.getArgumentsContent()).toBe("node");
  });

  it("asks a service that lives how it is, and notices when it does not", async () => {
    const [check] = dockerfile.getHEALTHCHECKs();
    const [, command = ""] = /CMD (\[.*\])/s.exec(check?.getArgumentsContent() ?? "") ?? [];
    const [, ...args] = JSON.parse(command) as string[];
    const run = (port: string): Promise<number | null> =>
      new Promise((resolve) => {
        spawn(process.execPath, args, { env: { PORT: port } }).on("exit", resolve);
      });
    expect(await run(new URL(server.url).port)).toBe(0);
    expect(await run("1")).toBe(1);
  });
});

interface Event {
  readonly request: { readonly headers: Record<string, { value: string }> };
}

/** The Function in a template, as something to call. */
function functionIn(text: string): (event: Event) => Event["request"] {
  const code = readTemplate(text)["Resources"]?.["Function"]?.["Properties"]?.["FunctionCode"];
  return runInNewContext(`${textOf(code)}\nhandler;`) as ReturnType<typeof functionIn>;
}

function distributionOf(text: string): unknown {
  return readTemplate(text)["Resources"]?.["Distribution"];
}

describe("the template of CloudFormation", () => {
  it.each([
    ["image/avif,image/webp,image/apng,*/*;q=0.8", "image/avif,image/webp,*/*"],
    ["text/html, IMAGE/WEBP;q=0.5", "image/webp,*/*"],
    ["image/avif;q=0, image/webp; q=0.00", "*/*"],
    ["image/avif2,ximage/webp", "*/*"],
    ["", "*/*"],
  ])("normalises %s to %s", (accept, normalised) => {
    const handler = functionIn(read(TEMPLATE));
    const { headers } = handler({ request: { headers: { accept: { value: accept } } } });
    expect(headers["accept"]?.value).toBe(normalised);
    expect(handler({ request: { headers: {} } }).headers["accept"]?.value).toBe("*/*");
  });

  it("takes another Function in its place", () => {
    const mine = "function handler(event) {\n\n  return { headers: { a: { value: '$&' } } };\n}\n";
    const args = [pathOf("deploy/aws/put-function.js"), pathOf(TEMPLATE)];
    const changed = execFileSync(process.execPath, args, { input: mine }).toString();
    const handler = functionIn(changed);
    expect(handler({ request: { headers: {} } })).toEqual({ headers: { a: { value: "$&" } } });
    const [before, after] = [read(TEMPLATE), changed].map((text) => text.split("FunctionCode")[0]);
    expect(after).toBe(before);
    expect(distributionOf(changed)).toEqual(distributionOf(read(TEMPLATE)));
    expect(() => execFileSync(process.execPath, args, { input: "", stdio: "pipe" })).toThrow(
      "marks",
    );
    const long = `// ${"x".repeat(10_220)}\n${mine}`;
    expect(() => execFileSync(process.execPath, args, { input: long, stdio: "pipe" })).toThrow(
      "CloudFront takes 10240",
    );
    const lost = [pathOf("deploy/aws/put-function.js"), "nowhere.yaml"];
    expect(() => execFileSync(process.execPath, lost, { input: mine, stdio: "pipe" })).toThrow(
      "no template nowhere.yaml",
    );
  });

  it("has no anchors, which CloudFormation does not read", () => {
    expect(read(TEMPLATE)).not.toMatch(/: [&*][a-z]/i);
  });
});
