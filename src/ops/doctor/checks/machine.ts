import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as Sharp from "sharp";
import { IMAGE_FORMATS } from "../../../transform/formats.ts";
import type { CheckResult, CheckResults } from "../result.ts";
import { fail, ok, warn } from "../result.ts";

/** Facts of this machine that decide which native package of sharp it needs. */
export interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly isMusl: boolean;
  /** The platforms whose native packages of sharp are installed. */
  readonly installed: readonly string[];
  readonly node: string;
}

/** Loads sharp, which may fail. */
export type LoadSharp = () => Promise<typeof Sharp>;

export async function* checkMachine(platform: Platform, load: LoadSharp): CheckResults {
  yield checkNode(platform);
  const sharp = await tryLoad(platform, load);
  if ("check" in sharp) {
    yield sharp;
    return;
  }
  const { versions } = sharp.default;
  yield ok("sharp", `sharp ${versions.sharp}, libvips ${versions.vips}`);
  yield await checkFormats(sharp);
}

export function checkNode({ node }: Platform): CheckResult {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const [oldest = 0, oldestMinor = 0] = readOldestNode();
  const isOld = major < oldest || (major === oldest && minor < oldestMinor);
  if (isOld) {
    return fail(
      "node",
      `Node ${node} is too old`,
      `install Node ${oldest}.${oldestMinor} or later`,
    );
  }
  if (major > 20) return ok("node", `Node ${node}`);
  return warn("node", `Node ${node} gets no security updates any more`, "install Node 22 or later");
}

/** The oldest version of Node that package.json allows: major and minor. */
function readOldestNode(): readonly number[] {
  const path = new URL("../../../../package.json", import.meta.url);
  const { engines } = JSON.parse(readFileSync(path, "utf8")) as { engines: { node: string } }; // our own package.json
  return engines.node.replace(">=", "").split(".").map(Number);
}

async function tryLoad(platform: Platform, load: LoadSharp): Promise<typeof Sharp | CheckResult> {
  try {
    return await load();
  } catch (error) {
    return explainSharp(platform, String(error));
  }
}

/** Explains why sharp cannot be loaded, and gives the command that fixes it. */
export function explainSharp(platform: Platform, problem: string): CheckResult {
  const own = printPlatform(platform);
  const install = `npm install --include=optional --os=${platform.os} --cpu=${platform.cpu}${
    platform.os === "linux" ? ` --libc=${platform.isMusl ? "musl" : "glibc"}` : ""
  } sharp`;
  const { installed } = platform;
  if (/Cannot find package 'sharp'|Cannot find module 'sharp'/.test(problem)) {
    return fail("sharp", "sharp is not installed", "npm install sharp");
  }
  if (/microarchitecture|x86-64-v2|SSE4/i.test(problem)) {
    const fix = "use a newer machine, or give the virtual machine the CPU type of its host";
    return fail("sharp", "this CPU lacks SSE4.2, which sharp is built for", fix);
  }
  if (/GLIBC_|libc\.so|libstdc\+\+/.test(problem)) {
    const message =
      "the C library of this system is older than sharp needs (glibc 2.28, musl 1.2.5)";
    return fail("sharp", message, "use a newer image, such as node:22-bookworm-slim");
  }
  if (installed.length === 0) {
    const message = `the package with sharp's native code, @img/sharp-${own}, is not installed (--omit=optional, --no-optional, or a lock file without it leave it out)`;
    return fail("sharp", message, install);
  }
  if (installed.includes(own)) {
    return fail(
      "sharp",
      `sharp cannot be loaded: ${problem.slice(0, 300)}`,
      `rm -r node_modules/sharp node_modules/@img && ${install}`,
    );
  }
  const isLibc = installed.some((name) => name.replace("musl", "") === own.replace("musl", ""));
  const why = isLibc
    ? "another C library (Alpine has musl, most other systems have glibc)"
    : "another platform: node_modules was copied from another machine, or from the host into a container";
  return fail(
    "sharp",
    `sharp is installed for ${installed.join(", ")}, but this machine is ${own}: ${why}`,
    install,
  );
}

/** Prints a platform like the names of the packages: `linux-x64`, `linuxmusl-arm64`. */
function printPlatform({ os, cpu, isMusl }: Platform): string {
  return `${os}${isMusl ? "musl" : ""}-${cpu}`;
}

async function checkFormats({ default: sharp }: typeof Sharp): Promise<CheckResult> {
  const broken: string[] = [];
  for (const format of IMAGE_FORMATS) {
    try {
      const red = { create: { width: 8, height: 8, channels: 3, background: "red" } } as const;
      // sharp takes "jpg" too, which its types lack
      const bytes = await sharp(red)
        .toFormat(format as keyof Sharp.FormatEnum)
        .toBuffer();
      const { width } = await sharp(bytes).metadata();
      if (width !== 8) broken.push(format);
    } catch {
      broken.push(format);
    }
  }
  if (broken.length === 0)
    return ok("formats", `${IMAGE_FORMATS.join(", ")} can be read and written`);
  const message = `libvips cannot read and write ${broken.join(", ")}`;
  return fail(
    "formats",
    message,
    "use the libvips that comes with sharp: unset SHARP_FORCE_GLOBAL_LIBVIPS; npm install sharp",
  );
}

/** Reads the facts of this machine. */
export function readPlatform(): Platform {
  return {
    os: process.platform,
    cpu: process.arch,
    isMusl: process.platform === "linux" && !hasGlibc(),
    installed: listPackages(),
    node: process.versions.node,
  };
}

function hasGlibc(): boolean {
  // Node types the report as an object only
  const report = process.report.getReport() as {
    readonly header?: Readonly<Record<string, unknown>>;
  };
  return report.header?.["glibcVersionRuntime"] !== undefined;
}

function listPackages(): readonly string[] {
  try {
    const sharp = dirname(createRequire(import.meta.url).resolve("sharp/package.json"));
    const names = readdirSync(join(sharp, "..", "@img"));
    return names.flatMap((name) => /^sharp-(?!libvips)(.+)$/.exec(name)?.[1] ?? []);
  } catch {
    return [];
  }
}
