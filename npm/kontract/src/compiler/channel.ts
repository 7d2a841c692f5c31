import { spawn } from "node:child_process";
import { connect } from "node:net";
import type { Readable, Writable } from "node:stream";
import { SHIM } from "./once.js";

/** A compiler that reads requests and writes what it did, a line each. */
export interface Channel {
  input: Writable;
  output: Readable;
  /** Why it has ended, where it says so. */
  ended: Promise<string>;
  /** What keeps Node.js running. */
  handles: Holding[];
}

export interface Holding {
  ref(): void;
  unref(): void;
}

/** A `kontract watch` of our own. It ends when its standard input closes, whatever became of us. */
export function started(folder: string, optimize: boolean): Channel {
  const args = [SHIM, "watch", folder, "--json", ...(optimize ? ["--optimize"] : [])];
  const child = spawn(process.execPath, args, { stdio: "pipe" });
  const { stdin, stdout, stderr } = child;
  let said = "";
  stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4096)));
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => (said += error.message));
    child.once("close", () => resolve(said.trim()));
  });
  return { input: stdin, output: stdout, ended, handles: [child, stdin, stdout, stderr] as unknown as Holding[] };
}

/** The compiler of the `kontract dev` that we run beside. */
export function connected(path: string): Channel {
  const socket = connect(path);
  const ended = new Promise<string>((resolve) => {
    socket.once("error", (error) => resolve(error.message));
    socket.once("close", () => resolve(""));
  });
  return { input: socket, output: socket, ended, handles: [socket] };
}
