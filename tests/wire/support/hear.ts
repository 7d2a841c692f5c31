// What is tried of each pair of sides: random sessions and POSTs between them.
import { strict as assert } from 'node:assert';
import { describe, expect, test } from 'vitest';
import { Random } from './random.ts';
import { callOf, replyOf, Session, type Tally } from './session.ts';
import type { Side } from './side.ts';

/** A client, a server, and how many sessions and POSTs they have. */
export type Pair = readonly [name: string, client: Side, server: Side, streams: number, requests: number];

const SEED = Number(process.env.SEED ?? 1);

/** A number of sessions for when all is tried at length, and one for each run. */
export function prove(long: number, short: number): number {
  return process.env.KONTRACT_PROVE ? long : short;
}

/** Tries them with the seeds from `SEED` and as many further as `skipped`. */
export function hear(pairs: readonly Pair[], skipped = 0): void {
  const first = SEED + skipped;
  describe.each(pairs)('%s', (_, client, server, streams, requests) => {
    test('hear what was said in streams', async () => {
      const tally: Tally = new Map();
      for (let seed = first; seed < first + streams; seed++) {
        try {
          await new Session(seed, client, server, tally).run(seed % 3 === 0 && seed > first);
        } catch (error) {
          throw new Error(`session ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
        }
      }
      // None of it is left untried, unless few sessions begin anywhere.
      if (SEED !== 1 && streams < 60) return;
      for (const each of ['resumed', 'client got Item', 'client got Failure', 'server got Cancel', 'server got Unsubscribe', 'server got Credit', 'server send refused', 'client got Pass']) {
        expect(tally.get(each) ?? 0, each).toBeGreaterThan(streams / 50);
      }
    });

    test('answer POSTs', async () => {
      for (let seed = first; seed < first + requests; seed++) await posts(new Random(seed), client, server, 1_000_000);
    });
  });
}

/** A handshake by POST, and some requests. */
async function posts(random: Random, client: Side, server: Side, now: number): Promise<void> {
  const limits = { max_frame: 4096 << random.below(3), rekey_records: 1 };
  for (const side of [client, server]) await side.ask({ do: 'seed', seed: random.below(2 ** 40), ...limits, now });
  const ciphers = random.pick([[1], [2], [1, 2]]) as number[];
  const { body: init = '' } = await client.ask({ do: 'post_connect', ciphers, now });
  const { body: opened = '', error } = await server.ask({ do: 'post_handshake', body: init, now });
  assert.equal(error, undefined);
  assert.equal((await client.ask({ do: 'post_finish', body: opened, now })).error, undefined);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const calls = Array.from({ length: 1 + random.below(4) }, () => callOf(random));
    const { body = '', numbers = [] } = await client.ask({ do: 'post_request', calls, call_id: random.hex(16), now });
    const heard = await server.ask({ do: 'post_open', body, now });
    assert.deepEqual(heard.calls, calls.map((call, i) => [numbers[i], call]));
    const replies = [];
    for (const number of random.below(2) === 0 ? numbers : numbers.toReversed()) {
      const reply = replyOf(random, number);
      replies.push('code' in reply ? { type: 'Failure', failure: reply } : { type: 'Response', response: reply });
      const told = await server.ask({ ...('code' in reply ? { do: 'post_fail', failure: reply } : { do: 'post_respond', response: reply }), now });
      assert.equal(told.error, undefined);
    }
    const { body: answer = '' } = await server.ask({ do: 'post_done', now });
    assert.deepEqual((await client.ask({ do: 'post_read', body: answer, now })).replies, replies);
  }
}
