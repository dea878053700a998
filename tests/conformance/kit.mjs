// Real daemons on loopback ports of their own, plain HTTP, and the counting of checks.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const SECRET = 'MY_SECRET';
export const basic = (secret) => `Basic ${Buffer.from(`OPENVIDUAPP:${secret}`).toString('base64')}`;
export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Polls until probe() gives something true.
export async function until(what, probe, timeoutMs = 15000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const got = await probe();
    if (got) return got;
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}

export class Checks {
  passed = 0;

  failed = 0;

  async check(name, body) {
    try {
      await body();
      this.passed += 1;
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED  ${name}: ${error.stack ?? error}`);
    }
  }

  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0;
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function freeUdpPort() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

// text that the daemon writes once it is up.
async function start(program, config, text) {
  const child = spawn(program, ['--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  const daemon = { child, output: '' };
  const take = (chunk) => { daemon.output += chunk; };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = once(child, 'exit').then(([code]) => { daemon.code = code; });
  daemon.stop = async () => {
    child.kill('SIGTERM');
    await ended;
    return daemon.code;
  };
  await until(`${program}: ${text}`, () => {
    if (daemon.code !== undefined) throw new Error(`${program} ended with ${daemon.code}:\n${daemon.output}`);
    return daemon.output.includes(text);
  });
  return daemon;
}

// The media daemon and the signaling daemon. settings: more lines of signaling.cfg; media: false
// leaves the media daemon out.
export class Server {
  static async start(build, settings = '', { media = true } = {}) {
    const s = new Server();
    s.dir = mkdtempSync(join(tmpdir(), 'visavis-conformance-'));
    s.port = await freePort();
    s.url = `http://127.0.0.1:${s.port}`;
    s.daemons = [];
    if (media) {
      const config = join(s.dir, 'media.cfg');
      writeFileSync(config, `control = "${s.dir}/media";\nport = ${await freeUdpPort()};\nport_search = true;\nworkers = 2;\n`);
      s.daemons.push(await start(`${build}/bin/visavis-media`, config, 'media on UDP'));
    }
    const config = join(s.dir, 'signaling.cfg');
    writeFileSync(config, `listen = ["tcp:127.0.0.1:${s.port}"];\npublic_url = "${s.url}";\nsecret = "${SECRET}";
media_control = "${s.dir}/media";\n${settings.replaceAll('DIR', s.dir)}`);
    s.daemons.push(await start(`${build}/bin/visavis-signaling`, config, media ? 'media: ready' : 'listening'));
    return s;
  }

  // What went wrong, or nothing.
  async stop() {
    const problems = [];
    for (const daemon of this.daemons.reverse()) {
      const code = await daemon.stop();
      if (code !== 0) problems.push(`${daemon.child.spawnfile} ended with ${code}:\n${daemon.output.slice(-3000)}`);
    }
    rmSync(this.dir, { recursive: true });
    return problems.join('\n');
  }

  // One request as it stands: path is the whole one; body a string or nothing. Answers
  // {status, headers, text, json}.
  async http(method, path, headers = {}, body = undefined) {
    const rq = request({
      host: '127.0.0.1', port: this.port, method, path, headers: body ? { 'Content-Length': Buffer.byteLength(body), ...headers } : headers,
    });
    rq.end(body);
    const [answer] = await once(rq, 'response');
    let text = '';
    for await (const chunk of answer.setEncoding('utf8')) text += chunk;
    let json;
    try { json = JSON.parse(text); } catch { /* not JSON */ }
    return { status: answer.statusCode, headers: answer.headers, text, json };
  }

  // An authorized request below /openvidu/api/; body is made JSON.
  rest(method, path, body = undefined) {
    const headers = { Authorization: basic(SECRET) };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    return this.http(method, `/openvidu/api/${path}`, headers, body === undefined ? undefined : JSON.stringify(body));
  }

  async token(session, options = {}) {
    const { status, json } = await this.rest('POST', `sessions/${session}/connection`, options);
    if (status !== 200) throw new Error(`POST connection: ${status}`);
    return json;
  }
}
