// 🎈 Characters of two UTF-16 units stand before everything on a line.

/** 🎈 Throws. */
@backend({ perm: perms.R__, egroup: 'probe' }) /* 🎉🎉 */ export async function popBalloon(...names: string[]): Promise<string> {
  const balloon = '🎈🎈'; if (names.length === 0) { throw new Error('emoji'); }
  return balloon + names.map((name: string) => `😀 ${name}`).join('😀');
}
