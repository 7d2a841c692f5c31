// Rounds in which everything is run once, one after the other, so that what else the machine does
// meets all alike; of the processor time of each, the median.
import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** `tasks`: functions that run something once. Answers microseconds of processor time for each. */
export function measure(tasks, { rounds, milliseconds }) {
  const counts = tasks.map((task) => calibrate(task, milliseconds));
  const samples = tasks.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, task] of tasks.entries()) samples[index].push(run(task, counts[index]));
  }
  return samples.map(median);
}

/** A wrong answer is not to be timed. */
export function check({ name, encode, decode }, value) {
  const back = decode(encode(value));
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(back)), JSON.parse(JSON.stringify(value)))) {
    throw new Error(`${name} does not bring the value back: ${JSON.stringify(back).slice(0, 300)}`);
  }
}

function calibrate(task, milliseconds) {
  let count = 1;
  for (;;) {
    const started = performance.now();
    for (let i = 0; i < count; i++) kept = task();
    const time = performance.now() - started;
    if (time >= milliseconds) return Math.max(1, Math.round((count * milliseconds) / time));
    count *= 2;
  }
}

function run(task, count) {
  // What the one before left behind is not to be paid for here. Only young objects: a forced full
  // collection also throws away hidden classes, and with them optimized code.
  collectGarbage({ type: 'minor' });
  // V8 frees buffers on other threads, whose time counts as well: let it end.
  Atomics.wait(idle, 0, 0, 3);
  for (let i = 0; i < count / 8; i++) kept = task();
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) kept = task();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const idle = new Int32Array(new SharedArrayBuffer(4));

/** What tasks return is kept, so that no engine leaves their work out. */
export let kept;
