import { spawnSync } from "node:child_process";

/** True where exiftool can be run. */
export function hasExiftool(): boolean {
  return spawnSync("exiftool", ["-ver"]).status === 0;
}

/** Reads all metadata that exiftool knows of, also of embedded images, one line each. */
export function readWithExiftool(bytes: Uint8Array): readonly string[] {
  const { stdout, stderr } = spawnSync(
    "exiftool",
    ["-a", "-ee", "-G3:1", "-s", "-all", "--system:all", "-validate", "-"],
    {
      input: bytes,
      encoding: "utf8",
    },
  );
  return `${stdout}${stderr}`.split("\n").map((line) => line.replaceAll(/\s+/g, " "));
}
