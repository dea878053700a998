// The daemons by themselves, with configurations of the test's own: what `visavis dev` starts, but
// each can be stopped, killed and started again.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterTest, assert, until } from './harness.mjs';
import { Api, freePort } from './visavis.mjs';

const SECRET = 'MY_SECRET';
const STOP_MS = 10000;

const quoted = (value) => (Array.isArray(value) ? `[${value.map(quoted).join(', ')}]` : JSON.stringify(value));
const configText = (settings) => Object.entries(settings).map(([key, value]) => `${key} = ${quoted(value)};\n`).join('');

export class Daemons extends Api {
  // signaling, media, turn: further settings of each. host: where it listens, and is found by clients; net (net.mjs):
  // instead of it, where the daemons live. The test that makes it need not stop it.
  static async start(build, { signaling = {}, media: ofMedia = {}, turn: ofTurn = {}, host = '127.0.0.1', net } = {}) {
    const d = new Daemons();
    Object.assign(d, { build, net, running: new Map(), output: '', dir: mkdtempSync(join(tmpdir(), 'visavis-e2e-')) });
    const ip = net?.serverAddress ?? host;
    const at = ip.includes(':') ? `[${ip}]` : ip;
    const [port, turnPort] = net ? [4443, 3478] : [await freePort(host), await freePort(host)];
    d.url = `http://${at}:${port}`;
    const [media, turn] = [`${d.dir}/media.sock`, `${d.dir}/turn.sock`];
    d.configs = {
      media: { control: media, port: 41000, port_search: true, ...ofMedia },
      turn: {
        listen: [`udp:${at}:${turnPort}`, `tcp:${at}:${turnPort}`], secret: SECRET, realm: 'openvidu', media: [media], api: turn, ...ofTurn,
      },
      signaling: {
        listen: [`tcp:${at}:${port}`], public_url: net ? `http://${net.serverName}:${port}` : d.url, secret: SECRET, media_control: media,
        turn_api: turn, coturn_ip: net?.serverName ?? ip, coturn_port: turnPort, turn_secret: SECRET, ...signaling,
      },
    };
    afterTest(() => d.stop());
    for (const name of Object.keys(d.configs)) d.spawn(name);
    await d.ready();
    return d;
  }

  spawn(name) {
    const config = `${this.dir}/${name}.cfg`;
    writeFileSync(config, configText(this.configs[name]), { mode: 0o600 });
    const prefix = this.net?.prefix(name === 'media' && this.net.hidden ? 'media' : 'server') ?? [];
    const [command, ...args] = [...prefix, `${this.build}/bin/visavis-${name}`, '--config', config];
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (text) => { this.output += text; });
    child.exited = new Promise((resolve) => { child.on('exit', (code, signal) => resolve(code ?? signal)); });
    this.running.set(name, child);
  }

  // Signaling answers and has its media daemon: it takes no session's first participant before.
  // since: a place in the output.
  async ready(since = 0) {
    await until('signaling has the media daemon', () => this.output.includes('media: ready', since))
      .catch((e) => { throw new Error(`${e.message}\n${this.output.slice(since)}`); });
    await until('signaling answers', () => this.rest('GET', '/sessions').then((r) => r.status === 200, () => false));
  }

  // Ends a daemon; answers with its status or the signal's name.
  async end(name, signal = 'SIGTERM') {
    const child = this.running.get(name);
    this.running.delete(name);
    child.kill(signal);
    const last = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    const status = await child.exited;
    clearTimeout(last);
    return status;
  }

  async restart(name, signal) {
    const status = await this.end(name, signal);
    const since = this.output.length;
    this.spawn(name);
    await this.ready(since);
    return status;
  }

  // Each daemon ends with status 0, and no sanitizer said anything.
  async stop() {
    const statuses = [];
    for (const name of ['signaling', 'turn', 'media']) if (this.running.has(name)) statuses.push([name, await this.end(name)]);
    rmSync(this.dir, { recursive: true, force: true });
    const well = !/Sanitizer|runtime error/i.test(this.output) && statuses.every(([, s]) => s === 0);
    assert(well, `the daemons ended: ${JSON.stringify(statuses)}\n${this.output}`);
  }
}
