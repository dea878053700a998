// The unmodified openvidu-node-client, old and new, against visavis-signaling.
// usage: npm ci && node node_client.mjs PATH_OF_visavis-signaling
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import assert from 'node:assert/strict';

const require = createRequire(import.meta.url);
const SECRET = 'MY_SECRET';
const program = resolve(process.argv[2] ?? '../../build/release/bin/visavis-signaling');

let passed = 0;
let failed = 0;

async function check(name, body) {
  try {
    await body();
    passed++;
  } catch (error) {
    failed++;
    console.error(`FAILED ${name}: ${error.stack ?? error}`);
  }
}

const rejects = (promise, message) => assert.rejects(promise, (e) => e.message === message);

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function startDaemon(port) {
  const dir = mkdtempSync(join(tmpdir(), 'visavis-conformance-'));
  const config = join(dir, 'signaling.cfg');
  writeFileSync(config, `listen = ["tcp:127.0.0.1:${port}"];
public_url = "http://127.0.0.1:${port}";
secret = "${SECRET}";
media_control = "${dir}/media";
`);
  const child = spawn(program, ['--config', config], { stdio: ['ignore', 'inherit', 'pipe'] });
  await new Promise((ready, refuse) => {
    child.stderr.on('data', (text) => String(text).includes('listening') && ready());
    child.on('exit', (code) => refuse(new Error(`the daemon ended with ${code}`)));
    child.on('error', refuse);
  });
  return async () => {
    child.removeAllListeners('exit');
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    rmSync(dir, { recursive: true });
    await check('orderly end', () => assert.equal(code, 0));
  };
}

async function run(version, url) {
  const client = require(`openvidu-node-client-${version}`);
  const ov = new client.OpenVidu(url, SECRET);
  const t = (name, body) => check(`${version} ${name}`, body);

  await t('wrong secret', () => rejects(new client.OpenVidu(url, 'wrong').fetch(), '401'));
  await t('nothing there', async () => {
    assert.equal(await ov.fetch(), false);
    assert.equal(ov.activeSessions.length, 0);
  });

  let session;
  await t('createSession with everything', async () => {
    session = await ov.createSession({
      customSessionId: 'conformance',
      mediaMode: client.MediaMode.ROUTED,
      recordingMode: client.RecordingMode.MANUAL,
      defaultRecordingProperties: { outputMode: 'INDIVIDUAL', name: 'n' },
      forcedVideoCodec: 'H264',
      allowTranscoding: true,
    });
    assert.equal(session.sessionId, 'conformance');
    assert.equal(session.properties.forcedVideoCodec, 'H264');
    assert.equal(session.properties.allowTranscoding, true);
    assert.equal(await ov.fetch(), false);
  });
  await t('createSession of an existing id takes its properties', async () => {
    const again = await new client.OpenVidu(url, SECRET).createSession({ customSessionId: 'conformance' });
    assert.equal(again.sessionId, 'conformance');
    assert.equal(again.properties.forcedVideoCodec, 'H264');
    assert.equal(again.properties.defaultRecordingProperties.name, 'n');
  });
  await t('createSession with defaults', async () => {
    const other = await ov.createSession();
    assert.match(other.sessionId, /^ses_[A-Z][A-Za-z0-9]{9}$/);
    await other.fetch(); // the client's own order of properties changes here, once
    assert.equal(await other.fetch(), false);
    assert.equal(ov.activeSessions.length, 2);
    await other.close();
    assert.equal(ov.activeSessions.length, 1);
  });
  await t('createSession with a bad id', () => rejects(ov.createSession({ customSessionId: 'not valid' }), '400'));

  let connection;
  await t('createConnection with defaults', async () => {
    const before = Date.now();
    connection = await session.createConnection();
    assert.match(connection.connectionId, /^con_[A-Z][A-Za-z0-9]{9}$/);
    assert.equal(connection.status, 'pending');
    assert.ok(connection.createdAt >= before - 5);
    assert.equal(connection.token.split('=')[0], `${url.replace('http', 'ws')}?sessionId`);
    for (const key of ['activeAt', 'location', 'ip', 'platform', 'clientData'])
      assert.equal(connection[key], null, key);
    assert.deepEqual([connection.publishers, connection.subscribers], [[], []]);
    assert.equal(Object.keys(connection.connectionProperties).length, 10);
    assert.equal(await session.fetch(), false);
    assert.equal(session.connections.length, 1);
    assert.equal(session.activeConnections.length, 0);
  });
  await t('createConnection with everything', async () => {
    const customIceServers = [
      { url: 'stun:1.2.3.4:1234' }, // the client sorts them when it compares
      { url: 'turn:turn-server.com', username: 'user', credential: 'pass' },
    ];
    const c = await session.createConnection({
      role: client.OpenViduRole.MODERATOR, record: false, data: 'SERVER_DATA', customIceServers,
      kurentoOptions: { videoMaxSendBandwidth: 777, allowedFilters: ['GStreamerFilter'] },
    });
    assert.deepEqual([c.role, c.connectionProperties.record, c.serverData], ['MODERATOR', false, 'SERVER_DATA']);
    assert.equal(c.connectionProperties.kurentoOptions.videoMaxSendBandwidth, 777);
    assert.deepEqual(c.connectionProperties.customIceServers.map((s) => ({ ...s })), customIceServers);
    assert.equal(await session.fetch(), false);
  });
  await t('createConnection with a bad ICE server', () =>
    rejects(session.createConnection({ customIceServers: [{ url: 'turn:bad-ice-server' }] }), '400'));
  await t('generateToken', async () => {
    assert.match(await session.generateToken({ role: 'SUBSCRIBER' }), /^ws:.*token=tok_/);
    assert.equal(await session.fetch(), true);
    assert.equal(session.connections.length, 3);
  });
  await t('fetchWebRtc', async () => {
    await ov.fetchWebRtc(); // without pending connections
    assert.equal(session.connections.length, 0);
    assert.equal(await session.fetch(), true);
    assert.equal(session.connections.length, 3);
  });
  await t('updateConnection is of the Pro edition', () =>
    rejects(session.updateConnection(connection.connectionId, { record: false }), '405'));
  await t('forceDisconnect', async () => {
    await rejects(session.forceDisconnect('con_none'), '404');
    await session.forceDisconnect(connection.connectionId);
    assert.equal(session.connections.length, 2);
    assert.equal(await session.fetch(), false);
  });
  await t('forceUnpublish', () => rejects(session.forceUnpublish('str_none'), '404'));
  await t('recording is off', () => rejects(ov.startRecording('conformance'), '501'));
  await t('close', async () => {
    await session.close();
    assert.equal(ov.activeSessions.length, 0);
    assert.equal(await ov.fetch(), false);
    await rejects(session.fetch(), '404');
    await rejects(session.close(), '404');
  });
}

const port = await freePort();
const stop = await startDaemon(port);
for (const version of ['2.29', '2.32'])
  await run(version, `http://127.0.0.1:${port}`);
await stop();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
