// kanary: a comment at the top of a file
import { existsSync as kanaryExists } from 'node:fs';
import { HttpError } from 'kontract';
import { kanarySeal, type KanaryRecord } from './kanary-vault';

/* kanary: a comment above module-level code */
const kanaryPool = new Map([['kanary-module-key', 'kanary-module-value']]);
kanaryPool.set('kanary-side-effect', String(kanaryExists('/kanary-path')));

export const KANARY_EXPORTED_POOL = new Set(['kanary-exported-value']);
export const kanaryExportedCall = kanarySeal('kanary-exported-argument');

enum KanaryStage {
  KanaryFirst = 'kanary-enum-value',
}

interface KanaryInner extends KanaryRecord {
  kanaryInner: KanaryStage;
}

export function kanaryHelper(text: string): string {
  return `kanary-template ${text}`;
}

class KanaryEngine {
  #kanaryPrivate = 'kanary-private-field';
  static kanaryStatic = 'kanary-static-field';
  static {
    kanaryPool.set('kanary-static-block', KanaryEngine.kanaryStatic);
  }
  kanaryMethod(): string {
    return this.#kanaryPrivate;
  }
}

/**
 * Says nothing of how it works.
 *
 * @param word - what to keep
 */
@backend({ ugroup: 'kanary-group', perm: perms.R__, egroup: 'probe' })
export async function keepQuiet(
  word: string,
  salt: string = 'kanary-default',
  length: number = kanaryHelper('kanary-default-argument').length,
): Promise<string> {
  // kanary: a comment in a body
  const inner: KanaryInner = { ...kanarySeal(word), kanaryInner: KanaryStage.KanaryFirst };
  kanaryLabel: for (const kanaryKey of kanaryPool.keys()) {
    if (/kanary-regex-\d+/.test(kanaryKey)) break kanaryLabel;
  }
  if (word === "kanary-double-quoted" || word === 'kanary-\u0065scaped') throw new HttpError('kanary-message', 418, 'KANARY_CODE');
  const nested = async (): Promise<string> => (await import('./kanary-vault')).kanarySeal(salt).kanaryField;
  return [inner.kanaryInner, await nested(), new KanaryEngine().kanaryMethod()].join('').slice(0, length);
}

// kanary: a comment between two functions
@backend(egroup="probe", ugroup="kanary-keyword-group")
async function keepQuieter({ word: kanaryBinding = 'kanary-property-default' }: { word?: string } = {}): Promise<number> {
  return kanaryBinding.length; // kanary: a comment at the end of a line
}

/* kanary: a comment at the end of the file */
