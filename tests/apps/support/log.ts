import { type MockInstance, onTestFinished, vi } from 'vitest';

/** The application's own log lines from now to the test's end, without their times. */
export function logLines(app: string): string[] {
  const lines: string[] = [];
  const spy: MockInstance = vi.spyOn(console, 'info').mockImplementation((line: unknown) => {
    if (String(line).startsWith(`[${app}] `)) lines.push(String(line).replace(/ \d+ ms$/, ''));
  });
  onTestFinished(() => spy.mockRestore());
  return lines;
}
