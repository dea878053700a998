// Runs the rows of raw_requests.mjs, and what needs participants around them.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { SECRET, Server, basic, until } from './kit.mjs';
import { OFFERS, Participant, checkConnectivity } from './participant.mjs';
import { DEPRECATED, EMPTY, EVENTS, LIVE, NOT_DEPRECATED } from './raw_requests.mjs';

const E1 = ['timestamp', 'status', 'error', 'message', 'path'];
const E2 = ['timestamp', 'status', 'error', 'path'];
const ERRORS = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 406: 'Not Acceptable', 409: 'Conflict', 415: 'Unsupported Media Type', 501: 'Not Implemented' };
const SECRETS = { wrong: 'not the secret', right: SECRET };

const called = (value, memory) => (typeof value === 'function' ? value(memory) : value);

function ask(server, row, memory) {
  const [method, where, what] = row.rq;
  const path = called(where, memory);
  let body = called(what, memory);
  const headers = { ...row.headers };
  const structured = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body);
  if (structured) body = JSON.stringify(body);
  if (row.auth !== 'none') headers.Authorization = basic(SECRETS[row.auth ?? 'right']);
  const type = row.type === undefined && body !== undefined ? 'application/json' : row.type;
  if (type) headers['Content-Type'] = type;
  return server.http(method, path.startsWith('/') ? path : `/openvidu/api/${path}`, headers, body);
}

function checkShape(answer, shape, status, path) {
  if (shape === 'E0') {
    assert.equal(answer.text, '');
    return;
  }
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.deepEqual(Object.keys(answer.json), shape === 'E1' ? E1 : E2);
  assert.deepEqual([answer.json.status, answer.json.error], [status, ERRORS[status]]);
  assert.equal(answer.json.path, path);
  if (shape === 'E1') {
    assert.ok(Number.isInteger(answer.json.timestamp) && answer.json.message.length > 0);
  } else {
    assert.match(answer.json.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
  }
}

function checkHeaders(answer, expected) {
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.equal(answer.headers.vary, 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers');
  for (const [name, value] of Object.entries(expected ?? {})) {
    if (value === null) assert.equal(answer.headers[name], undefined, name);
    else if (value instanceof RegExp) assert.match(answer.headers[name] ?? '', value, name);
    else assert.equal(answer.headers[name], value, name);
  }
}

async function run(checks, server, rows, memory) {
  for (const row of rows) {
    await checks.check(row.name, async () => {
      const answer = await until('the answer that comes soon', async () => {
        const got = await ask(server, row, memory);
        return !row.soon || row.soon(got) ? got : null;
      });
      assert.equal(answer.status, row.status, `status, with ${answer.text.slice(0, 300)}`);
      checkHeaders(answer, row.answer);
      const path = called(row.rq[1], memory).split('?')[0];
      if (row.shape) checkShape(answer, row.shape, row.status, path.startsWith('/') ? path : `/openvidu/api/${path}`);
      if (row.text !== undefined) assert.equal(answer.text, row.text);
      if (row.keys) assert.deepEqual(Object.keys(answer.json), row.keys);
      if (row.remember) memory[row.remember] = answer.json;
      row.is?.(answer, memory);
    });
  }
}

function makeFiles(server) {
  mkdirSync(`${server.dir}/recordings/R`, { recursive: true });
  writeFileSync(`${server.dir}/recordings/R/R.webm`, 'a recording');
  mkdirSync(`${server.dir}/layouts/l`, { recursive: true });
  writeFileSync(`${server.dir}/layouts/l/index.html`, 'a layout');
}

const FOLDERS = 'recordings_path = "DIR/recordings";\nlayouts_path = "DIR/layouts";\n';

// ann publishes and has checked the way to the server; ben watches; cem has not come.
async function live(server) {
  const memory = { offers: OFFERS };
  await server.rest('POST', 'sessions', { customSessionId: 'L' });
  memory.annToken = await server.token('L', { data: 'SERVER' });
  memory.ann = await Participant.join(server, memory.annToken.token, { data: 'CLIENT' });
  await memory.ann.publish();
  const from = await checkConnectivity(OFFERS.publish, memory.ann.published.sdpAnswer);
  memory.trickled = `candidate:842163049 1 udp ${from.priority} ${from.ip} ${from.port} typ host generation 0 ufrag x network-id 1`;
  await memory.ann.call('onIceCandidate', { endpointName: memory.ann.id, candidate: memory.trickled, sdpMid: '0', sdpMLineIndex: 0 });
  await memory.ann.call('onIceCandidate', { endpointName: memory.ann.id, candidate: '', sdpMid: '0', sdpMLineIndex: 0 });
  memory.ben = await Participant.join(server, (await server.token('L', { role: 'SUBSCRIBER' })).token);
  memory.benAnswer = (await memory.ben.subscribe(memory.ann.published.id)).sdpAnswer;
  memory.cem = await server.token('L');
  return memory;
}

// What the participants were told while the rows of LIVE ran.
async function checkTold(checks, { ann, ben, annToken }) {
  const of = (p) => p.told('sendMessage').map((s) => JSON.stringify(s));
  await checks.check('4 signals arrive unchanged, without from', async () => {
    const toAll = ['{"type":"server1","data":"to all"}', '{"data":"no type"}'];
    await until('both have theirs', () => of(ann).length >= 3 && of(ben).length >= 4);
    assert.deepEqual(of(ann), [...toAll, '{}']);
    assert.deepEqual(of(ben), [...toAll, '{"type":"signal:foo"}', '{}']);
  });
  await checks.check('3.6 the owner and the others are told: forceUnpublishByServer', async () => {
    for (const p of [ann, ben]) assert.deepEqual(p.told('participantUnpublished'), [{ connectionId: ann.id, reason: 'forceUnpublishByServer' }]);
  });
  await checks.check('3.5 those who stay and the evicted are told: forceDisconnectByServer', async () => {
    const evicted = { connectionId: ben.id, reason: 'forceDisconnectByServer' };
    await until('ben is told', () => ben.told('participantEvicted').length > 0);
    assert.deepEqual([ann.told('participantLeft')[0], ann.told('participantEvicted')[0], ben.told('participantEvicted')], [evicted, evicted, [evicted]]);
  });
  await checks.check('2.4 everybody is evicted: sessionClosedByServer', async () => {
    await until('ann is told', () => ann.told('participantEvicted').length > 1);
    assert.deepEqual(ann.told('participantEvicted')[1], { connectionId: ann.id, reason: 'sessionClosedByServer' });
  });
  assert.ok(annToken.token);
  for (const p of [ann, ben]) p.close();
}

export async function rawRequests(checks, build) {
  let server = await Server.start(build, FOLDERS);
  makeFiles(server);
  await run(checks, server, [...EMPTY, ...NOT_DEPRECATED], { port: server.port, recordings: `${server.dir}/recordings` });
  const memory = await live(server);
  await run(checks, server, LIVE, memory);
  await checkTold(checks, memory);
  await checks.check('the daemons end in order', async () => assert.equal(await server.stop(), ''));

  server = await Server.start(build, `${FOLDERS}deprecated_api = true;\nforced_codec = "VP9";\nallow_transcoding = true;
ice_servers = ["url=stun:stun.example.org", "url=turn:relay,staticAuthSecret=s"];\n`, { media: false });
  makeFiles(server);
  await run(checks, server, DEPRECATED, {});
  await checks.check('the daemon ends in order', async () => assert.equal(await server.stop(), ''));

  server = await Server.start(build, `deprecated_api = true;\ncdr_path = "DIR/cdr";\nwebhook_endpoint = "http://127.0.0.1:9/hook";
webhook_headers = ["Authorization: Basic eDp5"];\n`, { media: false });
  mkdirSync(`${server.dir}/cdr`, { recursive: true });
  await run(checks, server, EVENTS, { cdr: `${server.dir}/cdr` });
  await checks.check('the daemon ends in order', async () => assert.equal(await server.stop(), ''));
}
