import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Built, readMessage } from "./protocol.js";

/** Builds the project at a folder as `kontract build` does, and waits for it. */
export function buildOnce(folder: string): Built {
  const command = [SHIM, "watch", folder, "--json", "--optimize"];
  const { stdout, stderr, error, signal } = spawnSync(process.execPath, command, {
    encoding: "utf8",
    // It ends after the first build, since nobody asks for more.
    input: "",
    maxBuffer: 2 ** 30,
  });
  for (const line of stdout?.split("\n") ?? []) {
    const message = readMessage(line);
    if (message?.event === "built") return message;
    if (message?.event === "failed") throw new Error(`kontract: ${message.message}`);
  }
  throw new Error(error?.message ?? (stderr.trim() || `kontract was ended by ${signal ?? "another program"}`));
}

/** `kontract`, as it is started by its name. */
export const SHIM = fileURLToPath(new URL("../../bin/kontract.mjs", import.meta.url));
