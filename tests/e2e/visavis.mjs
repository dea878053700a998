// A server of the test's own, on free ports, and its REST API: `visavis dev`.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { readFileSync, readdirSync } from 'node:fs';

const opened = (socket, event, open) => new Promise((resolve) => {
  socket.on('error', () => resolve(false));
  socket.on(event, () => resolve(true));
  open();
});

const closed = (socket) => new Promise((resolve) => { socket.close(resolve); });

// Free for TCP and UDP, and below the ports that browsers draw theirs from, all the time.
export async function freePort(host = '127.0.0.1') {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 10000);
    const [tcp, udp] = [createServer(), createSocket('udp4')];
    const free = await Promise.all([
      opened(tcp, 'listening', () => tcp.listen(port, host)), opened(udp, 'listening', () => udp.bind(port, host)),
    ]);
    await Promise.all([tcp, udp].filter((_, i) => free[i]).map(closed));
    if (!free.includes(false)) return port;
  }
}

// What has a url answers to the REST API.
export class Api {
  async rest(method, path, body) {
    const response = await fetch(`${this.url}/openvidu/api${path}`, {
      method,
      headers: {
        Authorization: `Basic ${Buffer.from('OPENVIDUAPP:MY_SECRET').toString('base64')}`,
        ...(body ? { 'Content-Type': 'application/json' } : {}),
      },
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  }

  async session(properties = {}) {
    const { status, body } = await this.rest('POST', '/sessions', properties);
    if (status !== 200) throw new Error(`POST sessions: ${status} ${JSON.stringify(body)}`);
    return body.id;
  }

  async token(sessionId, properties = {}) {
    const { status, body } = await this.rest('POST', `/sessions/${sessionId}/connection`, properties);
    if (status !== 200) throw new Error(`POST connection: ${status} ${JSON.stringify(body)}`);
    return body.token;
  }
}

export class Visavis extends Api {
  static async start(build, settings = {}) {
    const v = new Visavis();
    v.port = await freePort();
    v.callPort = await freePort();
    v.url = `http://localhost:${v.port}`;
    v.callUrl = `http://localhost:${v.callPort}`;
    v.output = '';
    const begin = performance.now();
    v.process = spawn(`${build}/bin/visavis`, ['dev'], {
      env: { ...process.env, HTTPS_PORT: v.port, CALL_PORT: v.callPort, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    v.exited = new Promise((resolve) => {
      v.process.on('exit', (code, signal) => resolve(code ?? signal));
    });
    const ready = new Promise((resolve, reject) => {
      const take = (chunk) => {
        v.output += chunk;
        if (v.output.includes('Visavis is ready.')) resolve();
      };
      v.process.stdout.on('data', take);
      v.process.stderr.on('data', take);
      v.exited.then((code) => reject(new Error(`visavis dev ended (${code}):\n${v.output}`)));
      setTimeout(() => reject(new Error(`visavis dev is not ready:\n${v.output}`)), 20000).unref();
    });
    await ready;
    v.startMs = performance.now() - begin;
    return v;
  }

  async stop() {
    this.process.kill('SIGTERM');
    return this.exited;
  }

  // {name: {pid, rssKiB, fds}} of the daemons.
  daemons() {
    const out = {};
    for (const pid of readdirSync('/proc').filter((p) => /^\d+$/.test(p))) {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        if (parent !== this.process.pid) continue;
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const name = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0].split('/').pop();
        out[name] = {
          pid: Number(pid),
          rssKiB: Number(/VmRSS:\s+(\d+)/.exec(status)[1]),
          fds: readdirSync(`/proc/${pid}/fd`).length,
        };
      } catch { /* it ended meanwhile */ }
    }
    return out;
  }
}
