import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A new folder, which is removed after the test file unless KONTRACT_KEEP is set. */
export async function temporaryFolder(name = 'apps'): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), `kontract-${name}-`)));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

// Where hooks or tests make a folder, vitest takes no hook of their own.
afterAll(async () => {
  if (process.env.KONTRACT_KEEP) return;
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 })));
});
