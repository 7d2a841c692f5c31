import { backend } from 'kontract';
import { ADDRESS } from './address';

await fetch(`${ADDRESS}/admin`);

export const close = backend({ ugroup: 'admin' }, async (): Promise<void> => {});
