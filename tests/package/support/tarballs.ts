// What `cargo xtask dist` made.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dist = process.env.KONTRACT_DIST ?? fileURLToPath(new URL('../../../target/dist', import.meta.url));

/** Each tarball that was packed, by its name, with its SHA-256. */
export const checksums = new Map(
  readFileSync(`${dist}/SHA256SUMS`, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('  ') as [string, string])
    .map(([hash, name]) => [name, hash]),
);

export const platform = `${process.platform}-${process.arch}`;
export const platformPackage = `@kontract/${platform}`;

/** The tarball of `kontract`, and that of the binary. */
export const kontract = tarball(/^kontract-\d.*\.tgz$/);
export const binary = tarball(new RegExp(`^kontract-${platform}-.*\\.tgz$`));

function tarball(pattern: RegExp): string {
  const name = [...checksums.keys()].find((name) => pattern.test(name));
  if (name === undefined) throw new Error(`${dist} has no ${pattern}: run \`cargo xtask dist --debug\` first`);
  return `${dist}/${name}`;
}
