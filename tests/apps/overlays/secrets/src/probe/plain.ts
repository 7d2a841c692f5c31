import { backend, perms } from 'kontract';
import { env } from 'kontract/runtime';
import * as kanaryNamespace from './kanary-vault';

const kanaryConnection = ['kanary-user', 'kanary-password'].join(':');
let kanaryCounter = 8675309;

/** Says nothing either. */
export const stayQuiet = backend(
  { ugroup: 'kanary-plain-group', perm: perms.R__, egroup: 'probe' },
  async function kanaryFunctionName(word: string, secret: string = kanaryConnection): Promise<string> {
    // kanary: a comment in a wrapped function
    kanaryCounter += 1;
    const kanaryCached = await env.shared.get<string>(`kanary-cache:${word}`);
    return kanaryCached ?? kanaryNamespace.kanarySeal(secret + kanaryCounter).kanaryField;
  },
);

export class Keeper {
  private kanaryHeld = ['kanary-held'];

  static kanaryUnmarked(): string {
    return 'kanary-unmarked';
  }

  @backend({ egroup: 'probe' })
  async hold(word: string): Promise<number> {
    this.kanaryHeld.push(word, Keeper.kanaryUnmarked());
    return this.kanaryHeld.length;
  }
}
