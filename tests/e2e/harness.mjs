// A minimal runner: named tests with a deadline each, one after another or side by side, and the
// closing line that tests/run.sh counts.
import { AsyncLocalStorage } from 'node:async_hooks';

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

export function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

// Polls until probe() gives something true.
export async function until(what, probe, timeoutMs = 15000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const last = await probe();
    if (last) return last;
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(100);
  }
}

// The text of what a promise is rejected with; '' when it is not.
export const refusal = (promise) => promise.then(() => '', (e) => String(e.message ?? e));

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

// Its message, and where in the tests it came up.
function described(error) {
  const frames = (error?.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).slice(0, 3).map((line) => line.trim());
  return [...String(error?.message ?? error).split('\n'), ...frames].map((line) => `        ${line}`).join('\n');
}

const running = new AsyncLocalStorage();

// What a test leaves to be put away, whether it passed or not; the last comes first.
export function afterTest(fn) {
  running.getStore().unshift(fn);
}

// Takes each of these steps, whichever of them fail; then throws what the first of those threw.
export function takeAll(steps) {
  const errors = steps.flatMap((step) => {
    try {
      step();
      return [];
    } catch (error) {
      return [error];
    }
  });
  if (errors.length) throw errors[0];
}

export class Runner {
  constructor(only) {
    this.only = only;
    this.passed = 0;
    this.failed = 0;
    this.skipped = 0;
    this.names = new Set(); // of all tests, wanted or not
    this.ran = new Set();
  }

  wants(name) {
    return this.only.length === 0 || this.only.some((part) => name.includes(part));
  }

  async test(name, fn, timeoutMs = 180000) {
    this.names.add(name);
    if (!this.wants(name)) return;
    this.ran.add(name);
    const begin = Date.now();
    const cleanups = [];
    const errors = [];
    const keep = (error) => { errors.push(error); };
    let timer;
    await Promise.race([
      running.run(cleanups, fn),
      new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`took over ${timeoutMs} ms`)), timeoutMs); }),
    ]).catch(keep);
    clearTimeout(timer);
    for (const cleanup of cleanups.splice(0)) await cleanup().catch(keep);
    const took = `${name} (${Date.now() - begin} ms)`;
    if (errors.length === 0) {
      this.passed += 1;
      console.log(`ok      ${took}`);
    } else {
      this.failed += 1;
      console.log(`FAILED  ${took}\n${errors.map(described).join('\n')}`);
    }
  }

  // One that says nothing here: it counts as left out.
  skip(name, why) {
    this.names.add(name);
    if (!this.wants(name)) return;
    this.skipped += 1;
    console.log(`skipped ${name}: ${why}`);
  }

  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed${this.skipped ? `, ${this.skipped} skipped` : ''}`);
    return this.failed === 0 && this.passed > 0;
  }
}
