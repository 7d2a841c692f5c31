interface Line {
  text: string;
}

/// Throws two calls deep.
///
/// The lines of this file end in CRLF.
@backend(perm=perms.R__, egroup="probe")
export async function openWindow(path: string): Promise<string> {
  const line: Line = {
    text: `first
second ${path}`,
  };
  return await deeper(line);
}

async function deeper({ text }: Line): Promise<string> {
  /* 🪟 */ const lines: string[] = text.split('\n'); throw new TypeError(`windows: ${lines.length} lines`);
}
