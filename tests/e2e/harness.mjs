// A minimal runner: named tests one after another, each with a deadline and the closing line that
// tests/run.sh counts.
export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

export function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

// Polls until probe() gives something true; the last value is in the error.
export async function until(what, probe, timeoutMs = 15000) {
  const end = Date.now() + timeoutMs;
  let last;
  for (;;) {
    last = await probe();
    if (last) return last;
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(100);
  }
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const cleanups = [];

// What a test leaves to be put away, whether it passed or not.
export function afterTest(fn) {
  cleanups.push(fn);
}

export class Runner {
  constructor(only) {
    this.only = only;
    this.passed = 0;
    this.failed = 0;
    this.skipped = 0;
  }

  wants(name) {
    return this.only.length === 0 || this.only.some((part) => name.includes(part));
  }

  async test(name, fn, timeoutMs = 90000) {
    if (!this.wants(name)) return;
    const begin = Date.now();
    let timer;
    try {
      await Promise.race([
        fn(),
        new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`took over ${timeoutMs} ms`)), timeoutMs); }),
      ]);
      this.passed += 1;
      console.log(`ok      ${name} (${Date.now() - begin} ms)`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED  ${name} (${Date.now() - begin} ms)\n        ${error.stack?.split('\n').slice(0, 4).join('\n        ') ?? error}`);
    } finally {
      clearTimeout(timer);
      for (const fn of cleanups.splice(0)) await fn().catch(() => {});
    }
  }

  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed${this.skipped ? `, ${this.skipped} skipped` : ''}`);
    return this.failed === 0 && this.passed > 0;
  }
}
