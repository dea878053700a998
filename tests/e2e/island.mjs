// A network namespace behind a router that can stop to forward: to cut a browser off as a network
// would, silently and in both directions. Or behind a bad cable. Needs root.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterTest, takeAll } from './harness.mjs';

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

export class Island {
  // Goes away with the test. cable: the words that say how bad it is (tests/lib/cable.h); then
  // there is no router to cut. build: where the program is that plays it.
  constructor({ cable, build } = {}) {
    const net = `10.77.${process.pid % 256}`; // another run beside this one has another
    Object.assign(this, { name: `visavis-island-${process.pid}`, router: `visavis-router-${process.pid}`, host: `${net}.1` });
    const [near, far] = [`vvh${process.pid}`, `vvi${process.pid}`];
    this.dir = mkdtempSync(join(tmpdir(), 'visavis-island-'));
    this.made = [];
    afterTest(async () => this.remove());
    for (const ns of [this.router, this.name]) {
      ip('netns', 'add', ns);
      this.made.push(ns);
    }
    // Datagrams that are sent in one go are lost one by one all the same.
    const single = ['gso_max_segs', '1'];
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', 'here', 'netns', this.router);
    ip('-n', this.router, 'link', 'add', 'there', 'type', 'veth', 'peer', 'name', far, 'netns', this.name);
    // Addresses that come a second later are a change of the network to a browser: it gives up what it was loading.
    if (cable) ip('netns', 'exec', this.name, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6');
    ip('link', 'set', near, 'up', ...single);
    for (const [ns, device] of [[this.router, 'here'], [this.router, 'there'], [this.name, far], [this.name, 'lo']]) {
      ip('-n', ns, 'link', 'set', device, 'up', ...(device === far ? single : []));
    }
    if (cable) this.layCable(net, near, far, cable, build);
    else this.route(net, near, far);
  }

  route(net, near, far) {
    ip('addr', 'add', `${net}.1/30`, 'dev', near);
    ip('-n', this.router, 'addr', 'add', `${net}.2/30`, 'dev', 'here');
    ip('-n', this.router, 'addr', 'add', `${net}.5/30`, 'dev', 'there');
    ip('-n', this.name, 'addr', 'add', `${net}.6/30`, 'dev', far);
    ip('route', 'add', `${net}.4/30`, 'via', `${net}.2`);
    ip('-n', this.name, 'route', 'add', 'default', 'via', `${net}.5`);
    this.connect();
  }

  layCable(net, near, far, cable, build) {
    ip('addr', 'add', `${net}.1/29`, 'dev', near);
    ip('-n', this.name, 'addr', 'add', `${net}.6/29`, 'dev', far);
    ip('-n', this.name, 'route', 'add', 'default', 'via', `${net}.1`);
    const args = ['netns', 'exec', this.router, `${build}/tools/cable`, 'here', 'there', ...cable.split(' ')];
    this.cable = spawn('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  forward(on) {
    ip('netns', 'exec', this.router, 'sh', '-c', `echo ${on ? 1 : 0} >/proc/sys/net/ipv4/ip_forward`);
  }

  connect() { this.forward(true); }

  cut() { this.forward(false); }

  // A command that runs the program in there.
  wrapper(program) {
    const path = join(this.dir, 'run');
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${this.name} ${program} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  // What there is of it, if it was not even finished. The links go with the namespaces.
  remove() {
    this.cable?.kill();
    takeAll([...this.made.map((ns) => () => ip('netns', 'del', ns)), () => rmSync(this.dir, { recursive: true })]);
  }
}
