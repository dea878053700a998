// Signaling is restarted and killed under load; nothing of the calls may be lost or doubled.
// usage: node main.mjs BUILD [CLIENTS SESSIONS RESTARTS KILLS]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import net from 'node:net';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checks, SECRET, sleep, until } from '../../conformance/kit.mjs';
import { Client } from './client.mjs';
import { World } from './model.mjs';
import { checkCdr, checkWebhook, readCdr } from './records.mjs';

const [build, ...numbers] = process.argv.slice(2);
const [N_CLIENTS, N_SESSIONS, N_RESTARTS, N_KILLS] = [40, 10, 5, 5].map((n, i) => Number(numbers[i] ?? n));
const WEBHOOK_MS = 3;
const GHOSTS_MS = 12000; // the grace period of 10 s, and a little
const random = (n) => Math.floor(Math.random() * n);
const checks = new Checks();
const dir = mkdtempSync(join(tmpdir(), 'visavis-restarts-'));
const children = [];
process.on('exit', () => {
  for (const c of children) c.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => process.exit(1)); // the above runs then, too

async function freePort(udp) {
  const s = udp ? createSocket('udp4').bind(0, '127.0.0.1') : net.createServer().listen(0, '127.0.0.1');
  await once(s, 'listening');
  const { port } = s.address();
  s.close();
  return port;
}

// ---- the programs ----

function start(program, ...args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const p = { child, output: '', ended: once(child, 'exit').then(([code, signal]) => { p.code = code ?? signal; return p.code; }) };
  child.stdout.on('data', (t) => { p.output += t; });
  child.stderr.on('data', (t) => { p.output += t; });
  children.push(child);
  return p;
}

const isUp = (p, text) => until(`${p.child.spawnfile}: ${text}`, () => {
  if (p.code !== undefined) throw new Error(`${p.child.spawnfile} ended with ${p.code}:\n${p.output}`);
  return p.output.includes(text);
});

const received = [];
let duringKills = false;
const receiver = createServer(async (rq, rs) => {
  let text = '';
  for await (const chunk of rq.setEncoding('utf8')) text += chunk;
  received.push({ id: rq.headers['x-visavis-event-id'], text: JSON.stringify(JSON.parse(text)), duringKills });
  await sleep(random(WEBHOOK_MS)); // so that there is mostly one under way
  rs.end();
}).listen(0, '127.0.0.1');
await once(receiver, 'listening');

const world = new World(await freePort());
const cdr = join(dir, 'cdr');
mkdirSync(cdr);
writeFileSync(join(dir, 'media.cfg'), `control = "${dir}/media";\nport = ${await freePort(true)};\nport_search = true;\nworkers = 1;\n`);
writeFileSync(join(dir, 'signaling.cfg'), `listen = ["tcp:127.0.0.1:${world.port}"];
public_url = "http://127.0.0.1:${world.port}";
secret = "${SECRET}";
media_control = "${dir}/media";
store = "unix:${dir}/redis.sock";
cdr_path = "${cdr}";
webhook_endpoint = "http://127.0.0.1:${receiver.address().port}/";
max_per_address = 100000;
`);
const redis = start('redis-server', '--port', '0', '--save', '', '--appendonly', 'yes', '--dir', dir, '--unixsocket', `${dir}/redis.sock`);
await isUp(redis, 'eady to accept connections');
const media = start(`${build}/bin/visavis-media`, '--config', join(dir, 'media.cfg'));
await isUp(media, 'media on UDP');
let signaling = null;
const lives = [];

async function startSignaling() {
  signaling = start(`${build}/bin/visavis-signaling`, '--config', join(dir, 'signaling.cfg'));
  lives.push(signaling);
  await isUp(signaling, 'listening');
}
await startSignaling();

// ---- the load ----

const clients = Array.from({ length: N_CLIENTS }, (_, i) => {
  const session = i % N_SESSIONS;
  // one in each stays, but for every fifth session, which comes and goes
  return new Client(world, `S${session}`, i < N_SESSIONS && session % 5 !== 4);
});

async function act(client) {
  const what = random(20);
  const others = clients.filter((c) => c.session === client.session && c !== client && c.stream);

  if (!client.id) return client.join();
  if (!(await client.back)) return undefined;
  if (what < 2 && !client.stays) return client.leave();
  if (!client.stream) return client.publish();
  if (what < 5) return client.unpublish();
  if (what < 9) return client.change();
  if (what < 14 || others.length === 0) return client.signal();
  return client.watch(others[random(others.length)]);
}

async function live(client) {
  await sleep(random(1000));
  while (!world.stopping) {
    await act(client);
    await sleep(200 + random(800));
  }
}

const pings = setInterval(() => { for (const c of clients) c.ping(); }, 5000);
const begin = Date.now();
const lifeOfClients = Promise.all(clients.map(live));
await until('all have joined', () => world.present.size >= N_CLIENTS * 0.7, 60000);

// ---- the restarts ----

const stopTimes = [];
let loadAtEnd = 0;
for (let i = 0; i < N_RESTARTS; i += 1) {
  const at = Date.now();
  loadAtEnd += world.present.size;
  signaling.child.kill('SIGTERM');
  const code = await signaling.ended;
  stopTimes.push(Date.now() - at);
  await checks.check(`restart ${i + 1} ends well`, () => {
    if (code !== 0) throw new Error(`${code}\n${signaling.output.slice(-2000)}`);
  });
  await startSignaling();
  await sleep(500 + random(2500));
}
await sleep(1500); // what was under way is told before kills may double it
duringKills = true;
for (let i = 0; i < N_KILLS; i += 1) {
  loadAtEnd += world.present.size;
  signaling.child.kill('SIGKILL');
  await signaling.ended;
  await sleep(200); // as its unit does
  await startSignaling();
  await sleep(300 + random(2700));
}

// ---- what is left ----

world.stopping = true;
await lifeOfClients;
await Promise.all(clients.map((c) => c.back));
await sleep(GHOSTS_MS);
await Promise.all(clients.map((c) => c.back));
const there = world.present.size;
await checks.check('REST tells of exactly those who are there', async () => {
  const differences = await world.compare();
  if (differences.length) throw new Error(`\n  ${differences.join('\n  ')}`);
});
await checks.check('media still has every stream', async () => {
  for (const publisher of clients.filter((c) => c.stream)) {
    const viewer = clients.find((c) => c.session === publisher.session && c.id && c !== publisher);
    const got = viewer && await viewer.watch(publisher);
    if (got?.error) throw new Error(JSON.stringify(got.error));
  }
  if (media.code !== undefined) throw new Error('media has ended');
});
await Promise.all(clients.filter((c) => c.id).map((c) => c.leave()));
await until('all sessions are gone', async () => (await world.rest('GET', 'sessions'))?.json.numberOfElements === 0, 20000)
  .catch((error) => world.violation(error.message));
clearInterval(pings);
await sleep(500); // the last lines
const nEvents = readCdr(cdr).length;
const behind = nEvents - new Set(received.map((r) => r.id)).size;
await until('the webhook has it all', () => new Set(received.map((r) => r.id)).size >= nEvents, 60000).catch((error) => world.violation(error.message));
signaling.child.kill('SIGTERM');
await signaling.ended;

const lines = readCdr(cdr);
const report = async (name, problems) => checks.check(name, () => {
  if (problems.length) throw new Error(`${problems.length}\n  ${problems.slice(0, 20).join('\n  ')}`);
});
await report('nothing that clients were told was taken back', world.violations);
await report('CDR: no line lost or doubled', checkCdr(lines, world));
await report('webhook: each event, with its own id, at least once, twice only after a kill', checkWebhook(received, lines));
await report('no daemon complained of an error', lives.flatMap((p) => p.output.split('\n').filter((l) => /<3>|error/.test(l))));
for (const c of [signaling, media, redis]) c.child.kill('SIGTERM');

const c = world.counts;
const twice = received.length - new Set(received.map((r) => r.id)).size;
console.log(`${N_CLIENTS} clients, ${N_SESSIONS} sessions, ${N_RESTARTS} restarts, ${N_KILLS} kills, ${Math.round((Date.now() - begin) / 1000)} s;`
  + ` present at each end on average ${Math.round(loadAtEnd / (N_RESTARTS + N_KILLS))}, at last ${there}`);
console.log(`joined ${c.joined}, left ${c.left}, published ${c.published}, signals ${world.signals.size}, requests ${c.answered},`
  + ` cut off unanswered ${c.unanswered}, reconnections ${c.reconnected}, joins without an answer ${world.unknown.size}`);
console.log(`CDR lines ${lines.length}, webhook requests ${received.length}, of which again after a kill ${twice};`
  + ` behind by ${behind} when the load ended; an ordered stop took at most ${Math.max(0, ...stopTimes)} ms`);
process.exitCode = checks.finish() ? 0 : 1;
receiver.close();
receiver.closeAllConnections();
