import { backend } from 'kontract';
import { ADDRESS } from './address';

await fetch(`${ADDRESS}/users`);

export const hello = backend({ egroup: 'users' }, async (name: string): Promise<string> => `Hello, ${name}`);

export class Users {
  @backend() static async shout(name: string): Promise<string> {
    return name.toUpperCase();
  }
}
