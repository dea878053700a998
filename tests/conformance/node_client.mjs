// The unmodified openvidu-node-client, old and new, through all its public methods.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { SECRET, Server, until } from './kit.mjs';
import { OFFERS, Participant, checkConnectivity } from './participant.mjs';

const require = createRequire(import.meta.url);
const rejects = (promise, message) => assert.rejects(promise, (e) => e.message === message);

// Every connectionProperties key, as openviduSdkFetchTest wants them.
const PROPERTIES = ['type', 'data', 'record', 'role', 'kurentoOptions', 'rtspUri', 'adaptativeBitrate', 'onlyPlayWithSubscribers',
  'networkCache', 'customIceServers'];

async function sessions(t, client, ov, server) {
  await t('wrong secret', () => rejects(new client.OpenVidu(server.url, 'wrong').fetch(), '401'));
  await t('nothing there', async () => {
    assert.equal(await ov.fetch(), false);
    assert.equal(ov.activeSessions.length, 0);
  });
  await t('createSession with everything', async () => {
    const session = await ov.createSession({
      customSessionId: 'conformance',
      mediaMode: client.MediaMode.ROUTED,
      recordingMode: client.RecordingMode.MANUAL,
      defaultRecordingProperties: { outputMode: 'INDIVIDUAL', name: 'n' },
      forcedVideoCodec: 'H264',
      allowTranscoding: true,
    });
    assert.deepEqual([session.sessionId, session.getSessionId()], ['conformance', 'conformance']);
    assert.equal(session.properties.forcedVideoCodec, 'H264');
    assert.equal(session.properties.allowTranscoding, true);
    assert.deepEqual([session.recording, session.broadcasting], [false, false]);
    assert.equal(await ov.fetch(), false);
  });
  await t('createSession of an existing id takes its properties', async () => {
    const again = await new client.OpenVidu(server.url, SECRET).createSession({ customSessionId: 'conformance' });
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
}

async function connections(t, client, ov, server) {
  const session = ov.activeSessions[0];
  let connection;

  await t('createConnection with defaults', async () => {
    const before = Date.now();
    connection = await session.createConnection();
    assert.match(connection.connectionId, /^con_[A-Z][A-Za-z0-9]{9}$/);
    assert.equal(connection.status, 'pending');
    assert.ok(connection.createdAt >= before);
    assert.equal(connection.token.split('=')[0], `${server.url.replace('http', 'ws')}?sessionId`);
    for (const key of ['activeAt', 'location', 'ip', 'platform', 'clientData']) assert.equal(connection[key], null, key);
    assert.deepEqual([connection.publishers, connection.subscribers], [[], []]);
    assert.deepEqual(Object.keys(connection.connectionProperties).sort(), [...PROPERTIES].sort());
    for (const key of ['kurentoOptions', 'rtspUri', 'adaptativeBitrate', 'onlyPlayWithSubscribers', 'networkCache']) assert.equal(connection.connectionProperties[key], null, key);
    assert.deepEqual([connection.connectionProperties.type, connection.connectionProperties.data, connection.connectionProperties.record, connection.connectionProperties.role, connection.connectionProperties.customIceServers], ['WEBRTC', '', true, 'PUBLISHER', []]);
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
  await t('custom ICE servers come back in fetch, and reach the client in their order', async () => {
    const given = [{ url: 'turn:turn-server.com', username: 'usr', credential: 'cred' }, { url: 'stun:1.2.3.4:1234' }];
    const c = await session.createConnection({ customIceServers: given });
    const p = await Participant.join(server, c.token);
    assert.deepEqual(p.joined.customIceServers, given);
    assert.equal(await session.fetch(), true);
    const fetched = session.connections.find((one) => one.connectionId === c.connectionId).connectionProperties.customIceServers;
    assert.deepEqual(fetched.map((s) => ({ ...s })), [given[1], given[0]]); // the client has sorted them
    // the session would end with its only participant, and its tokens with it
    const keeper = await Participant.join(server, (await session.createConnection()).token);
    await p.leave();
    assert.equal(await session.fetch(), true);
    t.keeper = keeper;
  });
  await t('createConnection with a bad ICE server', () => rejects(session.createConnection({ customIceServers: [{ url: 'turn:bad-ice-server' }] }), '400'));
  await t('createConnection of a camera', () => rejects(session.createConnection({ type: client.ConnectionType.IPCAM, rtspUri: 'rtsp://camera.example.org' }), '501'));
  await t('createConnection of a camera without its address', () => rejects(session.createConnection({ type: client.ConnectionType.IPCAM }), '400'));
  await t('generateToken', async () => {
    const n = session.connections.length;
    assert.match(await session.generateToken({ role: 'SUBSCRIBER' }), /^ws:.*token=tok_/);
    assert.equal(await session.fetch(), true);
    assert.equal(session.connections.length, n + 1);
  });
  await t('updateConnection is of the Pro edition', () => rejects(session.updateConnection(connection.connectionId, { record: false }), '405'));
  await t('forceDisconnect of a pending connection: its token is not valid any more', async () => {
    const n = session.connections.length;
    await rejects(session.forceDisconnect('con_none'), '404');
    await session.forceDisconnect(connection);
    assert.equal(session.connections.length, n - 1);
    assert.equal(await session.fetch(), false);
    await assert.rejects(Participant.join(server, connection.token), (e) => e.code === 401 && e.message.includes(`Token ${connection.token} is not valid`));
  });
  await t('another token joins under the id that REST gave', async () => {
    const c = await session.createConnection();
    const p = await Participant.join(server, c.token);
    assert.equal(p.id, c.connectionId);
    await session.forceDisconnect(c.connectionId);
    await until('the participant is told', () => p.told('participantEvicted').length > 0);
    p.close();
  });
  await t('forceUnpublish of what is not there', () => rejects(session.forceUnpublish('str_none'), '404'));
  await t('fetchWebRtc has active connections alone', async () => {
    await ov.fetchWebRtc();
    assert.equal(session.connections.length, 1);
    assert.equal(await session.fetch(), true);
    assert.ok(session.connections.length > 1);
  });
  await t('close', async () => {
    await session.close();
    assert.equal(ov.activeSessions.length, 0);
    assert.equal(await ov.fetch(), false);
    await rejects(session.fetch(), '404');
    await rejects(session.close(), '404');
    await until('who was there is told', () => t.keeper.told('participantEvicted').length > 0);
    t.keeper.close();
  });
}

async function otherMethods(t, client, ov) {
  await ov.createSession({ customSessionId: 'recorded' });
  const properties = { name: 'n', outputMode: client.Recording.OutputMode.INDIVIDUAL };
  await t('recording is off: start by id, by name, by properties', async () => {
    await rejects(ov.startRecording('recorded'), '501');
    await rejects(ov.startRecording('recorded', 'name'), '501');
    await rejects(ov.startRecording('recorded', properties), '501');
  });
  await t('recording is off: stop, get, list, delete', async () => {
    await rejects(ov.stopRecording('recorded'), '501');
    await rejects(ov.getRecording('recorded'), '501');
    await rejects(ov.listRecordings(), '501');
    await rejects(ov.deleteRecording('recorded'), '501');
  });
  await t('broadcasts are of the Pro edition', async () => {
    await rejects(ov.startBroadcast('recorded', 'rtmp://a/b'), '405');
    await rejects(ov.startBroadcast('recorded', 'rtmp://a/b', properties), '405');
    await rejects(ov.stopBroadcast('recorded'), '405');
  });
  await ov.activeSessions[0].close();
}

// fetch() tells of a change exactly once, whoever made it (openviduSdkFetchTest).
async function changes(t, client, ov, server) {
  const other = new client.OpenVidu(server.url, SECRET);
  const noChange = async () => {
    assert.equal(await ov.fetch(), false);
    for (const s of ov.activeSessions) assert.equal(await s.fetch(), false);
  };
  // Both ways to fetch see it: a second client by OpenVidu.fetch, the first by Session.fetch.
  const oneChange = async (session) => {
    assert.equal(await other.fetch(), true, 'OpenVidu.fetch');
    assert.equal(await other.fetch(), false, 'OpenVidu.fetch again');
    assert.equal(await (session ?? ov).fetch(), true, 'fetch');
    await noChange();
  };
  const step = (name, action) => t(`fetch: ${name}`, async () => {
    await action();
    await oneChange(ov.activeSessions[0]);
  });
  let ann;
  let ben;
  let token;

  await t('fetch: nothing', noChange);
  await t('fetch: a session is made by REST', async () => {
    await server.rest('POST', 'sessions', { customSessionId: 'changes' });
    await oneChange();
    assert.equal(ov.activeSessions.length, 1);
  });
  await step('a connection is made by REST', async () => { token = (await server.token('changes', { record: false, role: 'MODERATOR', data: 'SERVER' })).token; });
  await t('fetch: what the connection has', async () => {
    const [c] = ov.activeSessions[0].connections;
    assert.deepEqual([c.connectionProperties.record, c.role, c.serverData, c.status, c.activeAt, c.publishers, c.subscribers], [false, 'MODERATOR', 'SERVER', 'pending', null, [], []]);
    assert.equal(ov.activeSessions[0].activeConnections.length, 0);
  });
  await step('a token is made by REST', async () => { await server.rest('POST', 'tokens', { session: 'changes' }); });
  await step('a user joins', async () => { ann = await Participant.join(server, token, { data: 'CLIENT' }); });
  await t('fetch: what an active connection has', async () => {
    const [c] = ov.activeSessions[0].activeConnections;
    assert.deepEqual([c.connectionId, c.clientData, c.serverData, c.location, c.ip, c.platform], [ann.id, 'CLIENT', 'SERVER', 'unknown', '127.0.0.1', 'Chrome 114.0.0.0 on Linux 64-bit']);
    assert.ok(c.activeAt >= c.createdAt);
  });
  await step('publishes', () => ann.publish());
  await t('fetch: what a publisher has', async () => {
    const [p] = ov.activeSessions[0].activeConnections[0].publishers;
    assert.deepEqual([p.streamId, p.hasAudio, p.hasVideo, p.audioActive, p.videoActive, p.frameRate, p.typeOfVideo, p.videoDimensions], [ann.published.id, true, true, true, true, 30, 'CAMERA', '{"width":640,"height":480}']);
  });
  await step('another joins', async () => { ben = await Participant.join(server, (await server.token('changes')).token); });
  await step('watches', () => ben.subscribe(ann.published.id));
  await t('fetch: what a subscriber has', () => assert.deepEqual(ov.activeSessions[0].activeConnections[1].subscribers, [ann.published.id]));
  await step('video is muted', () => ann.call('streamPropertyChanged', { streamId: ann.published.id, property: 'videoActive', newValue: false, reason: 'publishVideo' }));
  await step('audio is muted', () => ann.call('streamPropertyChanged', { streamId: ann.published.id, property: 'audioActive', newValue: false, reason: 'publishAudio' }));
  await step('the picture changes its size', () => ann.call('streamPropertyChanged', { streamId: ann.published.id, property: 'videoDimensions', newValue: '{"width":480,"height":640}', reason: 'deviceRotated' }));
  await step('watches no more', () => ben.call('unsubscribeFromVideo', { sender: ann.id }));
  await step('publishes no more', () => ann.call('unpublishVideo'));
  await step('publishes sound alone', () => ann.publish({ sdpOffer: OFFERS.publishAudio, hasVideo: false, videoActive: undefined, typeOfVideo: undefined, frameRate: undefined, videoDimensions: undefined }));
  await t('fetch: a publisher without video', () => {
    const [p] = ov.activeSessions[0].activeConnections[0].publishers;
    assert.deepEqual([p.hasVideo, p.videoActive, p.typeOfVideo, p.frameRate, p.videoDimensions, p.audioActive], [false, undefined, undefined, undefined, undefined, true]);
    assert.match(p.streamId, /^str_MIC_/);
  });
  await t('fetch: what the client itself does is no change', async () => {
    const [session] = ov.activeSessions;
    await session.forceUnpublish(session.activeConnections[0].publishers[0]);
    assert.equal(await session.fetch(), false);
    const c = await session.createConnection();
    assert.equal(await session.fetch(), false);
    await session.forceDisconnect(c);
    assert.equal(await session.fetch(), false);
    assert.equal(await other.fetch(), true);
  });
  await step('a user leaves', () => ben.leave());
  await t('fetch: the last one leaves, and the session is gone', async () => {
    await ann.leave();
    await oneChange();
    assert.equal(ov.activeSessions.length, 0);
  });
  await t('fetch: a session is closed by REST', async () => {
    await server.rest('POST', 'sessions', { customSessionId: 'changes' });
    await oneChange();
    await server.rest('DELETE', 'sessions/changes');
    await oneChange();
    await noChange();
  });
}

async function webRtc(t, client, ov, server) {
  await t('fetchWebRtc of a publisher and a subscriber', async () => {
    await server.rest('POST', 'sessions', { customSessionId: 'webrtc' });
    const ann = await Participant.join(server, (await server.token('webrtc')).token);
    await ann.publish();
    const ben = await Participant.join(server, (await server.token('webrtc')).token);
    const { sdpAnswer } = await ben.subscribe(ann.published.id);
    const from = await checkConnectivity(OFFERS.publish, ann.published.sdpAnswer);
    const first = await ov.fetchWebRtc();
    assert.equal(first.changes, true);
    const [session] = ov.activeSessions;
    const [publishing, watching] = [ann, ben].map((p) => session.connections.find((c) => c.connectionId === p.id));
    const [published] = publishing.publishers;
    assert.equal(published.webRtc.kms.remoteSdp, OFFERS.publish);
    assert.equal(published.webRtc.kms.localSdp, ann.published.sdpAnswer);
    // nobody announced the address that the check came from
    assert.deepEqual(published.localCandidatePair, {
      portNumber: String(from.port), ipAddress: from.ip, transport: 'udp', candidateType: 'prflx', priority: String(from.priority),
      raw: `candidate:1 1 udp ${from.priority} ${from.ip} ${from.port} typ prflx`,
    });
    const [watched] = watching.subscribers;
    assert.deepEqual([watched.streamId, watched.webRtc.kms.webrtcEndpointName], [ann.published.id, `${ben.id}_${ann.published.id}`]);
    assert.deepEqual([watched.webRtc.kms.remoteSdp, watched.webRtc.kms.localSdp], [OFFERS.subscribe, sdpAnswer]);
    assert.match(watched.localCandidatePair, /^ERROR/);
    assert.equal((await ov.fetchWebRtc()).changes, false);
    await session.close();
    for (const p of [ann, ben]) p.close();
  });
}

// What the tutorials' back ends do with this client: a session, then a connection for each user, both
// again for everybody who comes.
async function backEnd(t, client, server) {
  await t('the back end of the tutorials', async () => {
    const join = async () => {
      const ov = new client.OpenVidu(`${server.url}/`, SECRET);
      const session = await ov.createSession({ customSessionId: 'SessionA' });
      await session.fetch();
      return (await session.createConnection({})).token;
    };
    const ann = await Participant.join(server, await join());
    await ann.publish();
    const ben = await Participant.join(server, await join());
    assert.deepEqual(ben.joined.value.map((p) => [p.id, p.streams[0].id]), [[ann.id, ann.published.id]]);
    await ben.leave();
    await ann.leave();
  });
}

async function run(checks, server, version) {
  const client = require(`openvidu-node-client-${version}`);
  const t = (name, body) => checks.check(`${version} ${name}`, body);
  const ov = new client.OpenVidu(server.url, SECRET);

  ov.enableProdMode(); // it tells of every request otherwise
  await sessions(t, client, ov, server);
  await connections(t, client, ov, server);
  await otherMethods(t, client, ov);
  await changes(t, client, ov, server);
  await webRtc(t, client, ov, server);
  await backEnd(t, client, server);
}

export async function nodeClient(checks, build) {
  const server = await Server.start(build);
  for (const version of ['2.29', '2.32']) await run(checks, server, version);
  await checks.check('the daemons end in order', async () => assert.equal(await server.stop(), ''));
}
