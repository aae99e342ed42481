import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as Sharp from "sharp";
import { IMAGE_FORMATS } from "../../../transform/formats.ts";
import type { Finding, Findings } from "../result.ts";
import { fail, ok, warn } from "../result.ts";

/** What this machine is, for packages that hold native code. */
export interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly isMusl: boolean;
  /** The platforms whose packages of sharp are installed. */
  readonly installed: readonly string[];
  readonly node: string;
}

const OLDEST_NODE = [20, 9] as const;

/** Loaded when it is asked for: whether that works is what this is about. */
export type LoadSharp = () => Promise<typeof Sharp>;

export async function* examineMachine(platform: Platform, load: LoadSharp): Findings {
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

export function checkNode({ node }: Platform): Finding {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const [oldest, oldestMinor] = OLDEST_NODE;
  const isOld = major < oldest || (major === oldest && minor < oldestMinor);
  if (isOld) {
    return fail(
      "node",
      `Node ${node} is too old`,
      `install Node ${oldest}.${oldestMinor} or later`,
    );
  }
  if (major > 20) return ok("node", `Node ${node}`);
  return warn("node", `Node ${node} has come to its end of life`, "install Node 22 or later");
}

async function tryLoad(platform: Platform, load: LoadSharp): Promise<typeof Sharp | Finding> {
  try {
    return await load();
  } catch (error) {
    return explainSharp(platform, String(error));
  }
}

/** Says which of the usual reasons it is that sharp cannot be loaded, and the command that mends it. */
export function explainSharp(platform: Platform, message: string): Finding {
  const own = platformName(platform);
  const install = `npm install --include=optional --os=${platform.os} --cpu=${platform.cpu}${
    platform.os === "linux" ? ` --libc=${platform.isMusl ? "musl" : "glibc"}` : ""
  } sharp`;
  const { installed } = platform;
  if (/Cannot find package 'sharp'|Cannot find module 'sharp'/.test(message)) {
    return fail("sharp", "sharp is not installed", "npm install sharp");
  }
  if (/microarchitecture|x86-64-v2|SSE4/i.test(message)) {
    const remedy =
      "take a machine from after 2009, or give the virtual one the type of its host's CPU";
    return fail("sharp", "this CPU lacks SSE4.2, which sharp is built for", remedy);
  }
  if (/GLIBC_|libc\.so|libstdc\+\+/.test(message)) {
    const says = "the C library of this system is older than sharp needs (glibc 2.28, musl 1.2.5)";
    return fail("sharp", says, "take a newer image, such as node:22-bookworm-slim");
  }
  if (installed.length === 0) {
    const says = `the package with sharp's native code, @img/sharp-${own}, was left out (--omit=optional, --no-optional, or a lock file without it)`;
    return fail("sharp", says, install);
  }
  if (installed.includes(own)) {
    return fail(
      "sharp",
      `sharp cannot be loaded: ${message.slice(0, 300)}`,
      `rm -r node_modules/sharp node_modules/@img && ${install}`,
    );
  }
  const isLibc = installed.some((name) => name.replace("musl", "") === own.replace("musl", ""));
  const why = isLibc
    ? "the other C library (musl is Alpine's, glibc everybody else's)"
    : "another platform: node_modules came from another machine, or into a container from its host";
  return fail(
    "sharp",
    `sharp is here for ${installed.join(", ")}, and this is ${own}: ${why}`,
    install,
  );
}

/** As the packages are called: `linux-x64`, `linuxmusl-arm64`. */
function platformName({ os, cpu, isMusl }: Platform): string {
  return `${os}${isMusl ? "musl" : ""}-${cpu}`;
}

async function checkFormats({ default: sharp }: typeof Sharp): Promise<Finding> {
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
  const says = `libvips cannot read and write ${broken.join(", ")}`;
  return fail(
    "formats",
    says,
    "use the libvips that comes with sharp: unset SHARP_FORCE_GLOBAL_LIBVIPS, npm install sharp",
  );
}

/** Of the machine that this runs on. */
export function thisPlatform(): Platform {
  return {
    os: process.platform,
    cpu: process.arch,
    isMusl: process.platform === "linux" && !hasGlibc(),
    installed: installedPackages(),
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

function installedPackages(): readonly string[] {
  try {
    const sharp = dirname(createRequire(import.meta.url).resolve("sharp/package.json"));
    const names = readdirSync(join(sharp, "..", "@img"));
    return names.flatMap((name) => /^sharp-(?!libvips)(.+)$/.exec(name)?.[1] ?? []);
  } catch {
    return [];
  }
}
