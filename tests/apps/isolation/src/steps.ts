// Handlers that do what a test tells them, step by step, and wait for each other where it says so.

export interface Account {
  id: string;
  group: string;
  value: number;
}

export type Step =
  | { do: 'get'; id: string }
  | { do: 'values'; group: string }
  | { do: 'count'; group: string }
  | { do: 'set'; id: string; group: string; value: number }
  | { do: 'add'; id: string; by: number }
  | { do: 'push'; id: string; group: string; value: number }
  | { do: 'delete'; id: string }
  | { do: 'pop' }
  | { do: 'shift' }
  /** Tells the test that it came here, and waits until the test lets it go on. */
  | { do: 'gate'; name: string }
  | { do: 'fail' };

/** Every value that a step saw; null for a row that is not there. */
type Seen = (number | null)[];

async function groupOf(group: string): Promise<number[]> {
  const values: number[] = [];
  for await (const account of env.storage.accounts.query({ group })) values.push(account.value);
  return values;
}

async function pass(gate: string): Promise<void> {
  await env.shared.set(`at:${gate}`, true);
  while ((await env.shared.get(`open:${gate}`)) !== true) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Runs the steps as one transaction. */
@backend()
export async function run(steps: Step[]): Promise<Seen> {
  const { accounts } = env.storage;
  const seen: Seen = [];
  for (const step of steps) {
    switch (step.do) {
      case 'get':
        seen.push((await accounts.get(step.id))?.value ?? null);
        break;
      case 'values':
        seen.push(...(await groupOf(step.group)), null);
        break;
      case 'count':
        seen.push((await groupOf(step.group)).length);
        break;
      case 'set':
        await accounts.set(step.id, { group: step.group, value: step.value });
        break;
      case 'add': {
        const account = await accounts.get(step.id);
        if (account !== null) await accounts.update(step.id, { value: account.value + step.by });
        break;
      }
      case 'push':
        await accounts.push({ id: step.id, group: step.group, value: step.value });
        break;
      case 'delete':
        seen.push((await accounts.delete(step.id)) ? 1 : 0);
        break;
      case 'pop':
        seen.push((await accounts.pop())?.value ?? null);
        break;
      case 'shift':
        seen.push((await accounts.shift())?.value ?? null);
        break;
      case 'gate':
        await pass(step.name);
        break;
      case 'fail':
        throw new Error('this call fails');
    }
  }
  return seen;
}

/** Every row, in the order of insertion. */
@backend()
export async function all(): Promise<Account[]> {
  const rows: Account[] = [];
  for await (const row of env.storage.accounts) rows.push(row);
  return rows;
}

/** Leaves these rows and no others. */
@backend()
export async function reset(rows: Account[]): Promise<void> {
  const { accounts } = env.storage;
  const ids: string[] = [];
  for await (const { id } of accounts) ids.push(id);
  for (const id of ids) await accounts.delete(id);
  for (const { id, group, value } of rows) await accounts.set(id, { group, value });
}

@backend()
export async function arrived(gate: string): Promise<boolean> {
  return (await env.shared.get(`at:${gate}`)) === true;
}

@backend()
export async function open(gate: string): Promise<void> {
  await env.shared.set(`open:${gate}`, true);
}

/** A counter that many raise at once. */
@backend()
export async function increment(id: string): Promise<number> {
  const account = await env.storage.accounts.get(id);
  const value = (account?.value ?? 0) + 1;
  await env.storage.accounts.set(id, { group: 'counters', value });
  return value;
}
