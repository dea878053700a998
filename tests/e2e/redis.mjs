// A Redis server of the test's own, on a Unix socket, that keeps nothing on disk.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterTest, until } from './harness.mjs';

// The value of the setting "store". Goes away with the test.
export async function startRedis() {
  const dir = mkdtempSync(join(tmpdir(), 'visavis-redis-'));
  const socket = join(dir, 'redis.sock');
  const child = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', dir],
    { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = new Promise((resolve) => { child.on('exit', resolve); });
  let output = '';
  child.stdout.on('data', (text) => { output += text; });
  afterTest(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(dir, { recursive: true });
  });
  await until('Redis is there', () => output.includes('eady to accept connections'));
  return `unix:${socket}`;
}
