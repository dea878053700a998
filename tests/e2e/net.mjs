// Networks of a test's own: the daemons in one network namespace, browsers in another that has two
// links, and between them a router that can be told what it lets through. This process reaches all of
// it. Needs root.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterTest, takeAll } from './harness.mjs';

const run = (...args) => execFileSync(args[0], args.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
const ip = (...args) => run('ip', ...args);

// The cables: here is the router's end, there the other one's. Each is a network of its own.
const CABLES = { test: 0, server: 1, wifi: 2, mobile: 3, media: 4 };

export class Net {
  // family: 4 or 6, the only one there is. hidden: media has a network of its own, which nobody sees
  // into: its packets leave as those of the router (IPv4). Goes away with the test.
  constructor({ family = 4, hidden = false } = {}) {
    const id = process.pid % 250; // another run beside this one has another
    Object.assign(this, { family, id, hidden, names: {}, made: [], dirs: [], forwarders: [] });
    this.dir = mkdtempSync(join(tmpdir(), 'visavis-net-'));
    this.dirs.push(this.dir);
    for (const ns of ['router', 'server', 'client', ...(hidden ? ['media'] : [])]) this.names[ns] = `visavis-${ns}-${process.pid}`;
    afterTest(async () => this.remove());
    for (const ns of Object.values(this.names)) {
      ip('netns', 'add', ns);
      this.made.push(ns);
      ip('-n', ns, 'link', 'set', 'lo', 'up');
    }
    for (const cable of Object.keys(CABLES)) if (cable !== 'media' || hidden) this.lay(cable);
    const { router, server, client } = this.names;
    const hosts = `/etc/netns/${client}`; // where `ip netns exec` looks
    mkdirSync(hosts, { recursive: true });
    this.dirs.push(hosts);
    writeFileSync(join(hosts, 'hosts'), `127.0.0.1 localhost\n${this.serverAddress} ${this.serverName}\n`);
    ip('netns', 'exec', router, 'sh', '-c', 'for f in ipv4/ip_forward ipv6/conf/all/forwarding; do echo 1 >/proc/sys/net/$f; done');
    for (const cable of ['server', 'wifi', 'mobile']) this.route(null, this.subnet(cable), 'test');
    this.route(server, 'default', 'server');
    if (hidden) this.hideMedia();
    // From each address by its own link, whichever is the first choice for others.
    for (const [i, cable] of ['wifi', 'mobile'].entries()) {
      this.ip(client, 'route', 'add', 'default', 'via', this.near(cable), 'metric', `${100 * (i + 1)}`);
      this.ip(client, 'route', 'add', 'default', 'via', this.near(cable), 'table', `${10 + i}`);
      this.ip(client, 'rule', 'add', 'from', this.far(cable), 'table', `${10 + i}`);
    }
  }

  address(cable, host) {
    const n = CABLES[cable];
    return this.family === 4 ? `10.78.${this.id}.${4 * n + host}` : `fd77:${this.id}:${n}::${host}`;
  }

  near(cable) { return this.address(cable, 1); }

  far(cable) { return this.address(cable, 2); }

  get length() { return this.family === 4 ? 30 : 64; }

  subnet(cable) { return `${this.address(cable, 0)}/${this.length}`; }

  ip(ns, ...args) { return ip(...(ns ? ['-n', ns] : []), `-${this.family}`, ...args); }

  // IPv6 addresses count at once, without a search for others that have them.
  lay(cable) {
    const { router, server, client, media } = this.names;
    const to = { test: null, server, wifi: client, mobile: client, media }[cable];
    const far = to ? cable : `vvn${process.pid}`;
    ip('-n', router, 'link', 'add', `to-${cable}`, 'type', 'veth', 'peer', 'name', far, 'netns', to ?? `${process.pid}`);
    for (const [ns, device, address] of [[router, `to-${cable}`, this.near(cable)], [to, far, this.far(cable)]]) {
      this.ip(ns, 'addr', 'add', `${address}/${this.length}`, 'dev', device, ...(this.family === 6 ? ['nodad'] : []));
      ip(...(ns ? ['-n', ns] : []), 'link', 'set', device, 'up');
    }
  }

  route(ns, to, cable) { this.ip(ns, 'route', 'add', to, 'via', this.near(cable)); }

  hideMedia() {
    this.route(this.names.media, 'default', 'media');
    this.rules('nat', `table ip nat { chain post { type nat hook postrouting priority 100;
ip saddr ${this.subnet('media')} snat to ${this.publicAddress};
}
}
table ip hide { chain forward { type filter hook forward priority 1;
oifname "to-media" ct state new drop;
}
}
`);
  }

  // What hidden media is seen as.
  get publicAddress() { return this.near('server'); }

  // As browsers call it: the client library takes names and IPv4 addresses for a server's.
  get serverName() { return this.family === 4 ? this.serverAddress : 'visavis.test'; }

  get serverAddress() { return this.far('server'); }

  // Where pages that this process serves are reached.
  get testAddress() { return this.far('test'); }

  // One of the client's links goes down, and comes up again.
  unplug(cable) { ip('-n', this.names.client, 'link', 'set', cable, 'down'); }

  // What the router does not let through, as nft has it: 'meta l4proto udp'.
  drop(...rules) {
    this.rules('cut', `table inet cut { chain forward { type filter hook forward priority 0;\n${rules.map((r) => `${r} drop;`).join('\n')}\n}\n}\n`);
  }

  // The router's rules of that name, in nft's words.
  rules(name, text) {
    const path = join(this.dir, name);
    writeFileSync(path, text);
    run('ip', 'netns', 'exec', this.names.router, 'nft', '-f', path);
  }

  // The words before a command that is to run where the daemons, or the browsers, are.
  prefix(ns) { return ['ip', 'netns', 'exec', this.names[ns]]; }

  // A command that runs a browser.
  wrapper(program) {
    const path = join(this.dir, program.split('/').pop());
    writeFileSync(path, `#!/bin/sh\nexec ${this.prefix('client').join(' ')} ${program} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  // A port of this network's loopback that leads to the same one of the browsers' network.
  async forward() {
    const [command, ...args] = this.prefix('client');
    const server = createServer((socket) => {
      const child = spawn(command, [...args, 'socat', '-', `TCP:127.0.0.1:${server.address().port}`], { stdio: ['pipe', 'pipe', 'ignore'] });
      socket.pipe(child.stdin);
      child.stdout.pipe(socket);
      for (const s of [socket, child.stdin, child]) s.on('error', () => socket.destroy());
      socket.on('close', () => child.kill());
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    this.forwarders.push(server);
    return server.address().port;
  }

  // What there is of it, if it was not even finished. The links go with the namespaces.
  remove() {
    takeAll([
      ...this.forwarders.map((server) => () => server.close()),
      ...this.made.map((ns) => () => ip('netns', 'del', ns)),
      ...this.dirs.map((dir) => () => rmSync(dir, { recursive: true, force: true })),
    ]);
  }
}
