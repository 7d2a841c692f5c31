import { backend } from 'kontract';
import { ADDRESS } from './address';

const { status } = await fetch(`${ADDRESS}/flaky`);
if (status !== 200) throw new Error('the other side is not up');

export const flaky = backend({}, async (): Promise<number> => status);
