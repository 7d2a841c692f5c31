import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What Playwright needs to start the Chromium of this machine: the one on PATH, or what CHROMIUM names. */
export function chromiumOptions() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = ['chromium', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const executablePath = [process.env.CHROMIUM ?? '', ...paths].find((path) => path !== '' && canRun(path));
  if (executablePath === undefined) {
    throw new Error('neither chromium nor google-chrome is on PATH; CHROMIUM may name another one');
  }
  return { executablePath, args: ['--no-sandbox'] };
}

function canRun(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
