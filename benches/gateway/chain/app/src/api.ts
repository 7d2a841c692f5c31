import { backend } from 'kontract';
import { time } from './contenders';

export const measured = backend({ egroup: 'measured' }, async (): Promise<number> => 1);
export const measure = backend({}, async (name: string, count: number): Promise<number> => time(name, count));
