import { createHmac } from 'node:crypto';

export interface KanaryRecord {
  kanaryField: string;
}

export function kanarySeal(text: string): KanaryRecord {
  return { kanaryField: createHmac('sha256', 'kanary-hmac-key').update(text).digest('hex') };
}
