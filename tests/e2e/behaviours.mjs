// Holds BEHAVIOURS.md and the tests together: each test that the table names exists, and was run.
import { readFile } from 'node:fs/promises';

// [[behaviour, [title of a test, ...], words of its own], ...]
function rows(text) {
  return text.split('\n').filter((line) => /^\| (?!Original|---)/.test(line)).map((line) => {
    const [original, ours] = line.split('|').slice(1).map((cell) => cell.trim());
    return [original, [...ours.matchAll(/`([^`]+)`/g)].map((m) => m[1]), ours];
  });
}

export async function checkBehaviours(runner, short) {
  const all = rows(await readFile(new URL('BEHAVIOURS.md', import.meta.url), 'utf8'));
  // A short run leaves out some tests altogether, a run of named tests all others.
  await runner.test('each row of BEHAVIOURS.md has a test that was run, or says why not', async () => {
    const problems = [];
    if (all.length < 40) problems.push(`only ${all.length} rows`);
    for (const [original, titles, ours] of all) {
      if (titles.length === 0 && !/^not: /.test(ours)) problems.push(`${original}: neither a test nor a reason`);
      for (const title of short ? [] : titles) {
        if (!runner.names.has(title)) problems.push(`${original}: there is no test '${title}'`);
        else if (runner.only.length === 0 && !runner.ran.has(title)) problems.push(`${original}: '${title}' was not run`);
      }
    }
    if (problems.length) throw new Error(problems.join('\n'));
  });
}
