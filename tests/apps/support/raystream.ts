// Encrypted calls: with KONTRACT_TRANSPORT=post or stream the applications are built with a pinned key,
// their hosts have its private part, and the generated clients call so.
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import type { ClientConfig } from 'kontract/client';

/** How generated clients call; undefined where no key is pinned. */
export const transport = transportOf(process.env.KONTRACT_TRANSPORT);

function transportOf(text = ''): 'post' | 'stream' | undefined {
  if (text === 'post' || text === 'stream') return text;
  if (text !== '') throw new Error('KONTRACT_TRANSPORT is post or stream');
  return undefined;
}

export interface StaticKey {
  /** `KONTRACT_STATIC_KEY`. */
  secret: string;
  /** What `[wire] pin` says. */
  pin: string;
}

export function makeKey(): StaticKey {
  const { d = '', x = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { secret: d, pin: Buffer.from(x, 'base64url').toString('base64') };
}

/** The key of this process' hosts. */
export const staticKey = makeKey();

/** `[wire]` of an application's kontract.toml. */
export function wireSettings(...keys: StaticKey[]): string {
  return `[wire]\npin = [${keys.map(({ pin }) => JSON.stringify(pin)).join(', ')}]\n`;
}

/** Node.js has a WebSocket of its own from version 22 on. */
export const webSocket = createRequire(createRequire(import.meta.url).resolve('kontract/package.json'))('ws') as NonNullable<ClientConfig['webSocket']>;
