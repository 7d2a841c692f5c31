import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Compiler } from "./compiler.js";
import { buildOnce } from "./once.js";

let folder: string;
let compiler: Compiler | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kontract-compiler-"));
});
afterEach(async () => {
  await compiler?.stop();
  compiler = undefined;
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function doing(program: string): Compiler {
  install(program);
  return (compiler = new Compiler(folder, false, () => (builds += 1)));
}

/** A compiler that does this, as often as it is started: `runs` says how often that was before. */
function install(program: string): void {
  const path = join(folder, "kontract");
  const log = JSON.stringify(join(folder, "runs"));
  const runs = `fs.existsSync(${log}) ? fs.readFileSync(${log}, "utf8").length : 0`;
  const script = `const fs = require("node:fs"); const runs = ${runs}; fs.appendFileSync(${log}, "x");
    const built = JSON.stringify({ event: "built", ok: true, project: ${JSON.stringify(folder)}, out: "dist", diagnostics: [], written: [], removed: [], modules: [] });
    const say = (text) => fs.writeSync(1, text); const die = () => process.kill(process.pid, "SIGKILL");
    const asked = (answer) => require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => answer(JSON.parse(line).id));
    ${program}`;
  writeFileSync(`${path}.cjs`, script);
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${path}.cjs"\n`);
  chmodSync(path, 0o755);
  vi.stubEnv("KONTRACT_BIN", path);
}

const runs = (): number => readFileSync(join(folder, "runs"), "utf8").length;
let builds = 0;

test("what a killed compiler did not answer is asked of the next one; half a line is none", async () => {
  builds = 0;
  const compiler = doing(`say(built + "\\n"); asked((id) => {
    if (runs === 0) { say(built.slice(0, 9)); die(); }
    else say(JSON.stringify({ id, event: "settled" }) + "\\n");
  });`);
  await compiler.settle();
  expect([builds, runs()]).toEqual([2, 2]);
});

test("what ends two compilers is not asked of a third, other requests are", async () => {
  const compiler = doing(`say(built + "\\n"); asked((id) => (id === 1 ? die() : say(JSON.stringify({ id, event: "settled" }) + "\\n")));`);
  await expect(compiler.settle()).rejects.toThrow("kontract watch has ended");
  expect(runs()).toBe(2);
  await compiler.settle();
  expect(runs()).toBe(3);
});

test("one that never built anything is not started again", async () => {
  const compiler = doing(`process.stderr.write("no such project"); process.exit(2);`);
  await expect(compiler.settle()).rejects.toThrow("kontract watch has ended: no such project");
  await expect(compiler.settle()).rejects.toThrow("kontract watch has ended: no such project");
  expect(runs()).toBe(1);
});

test("where nothing is asked, one that was killed is replaced all the same", async () => {
  builds = 0;
  doing(`say(built + "\\n"); if (runs === 0) die(); else asked(() => {});`);
  await vi.waitFor(() => expect(builds).toBe(2), 20_000);
});

test("a single build of a compiler that is killed says so", () => {
  install(`say(built.slice(0, 9)); die();`);
  expect(() => buildOnce(folder)).toThrow(/ended by/);
});
