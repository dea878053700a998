// Back ends by openvidu-node-client, and what they see and do of the users of a page.
import { createRequire } from 'node:module';
import { assert, equal, refusal, until } from './harness.mjs';
import { Room } from './calls.mjs';
import { VERSIONS } from './pages.mjs';

const require = createRequire(import.meta.url);

function backEnd(version, visavis) {
  const { OpenVidu } = require(`openvidu-node-client-${version.replaceAll('.', '-')}`);
  const ov = new OpenVidu(visavis.url, 'MY_SECRET');
  ov.enableProdMode();
  return ov;
}

export default async function sdkTests({ runner, pages, chromium, server }) {
  for (const version of VERSIONS) {
    const start = async () => {
      const visavis = await server();
      const room = await new Room({ visavis, pages, browser: chromium, version, onePage: true }).create();
      return { visavis, room, ov: backEnd(version, visavis) };
    };
    const sessionOf = (ov, room) => ov.activeSessions.find((s) => s.sessionId === room.id);

    await runner.test(`a back end ends streams, connections, the session: node client ${version}`, async () => {
      const { room, ov } = await start();
      await ov.fetch();
      const session = sessionOf(ov, room);
      equal(session.activeConnections.length, 0, 'connections at first');
      const ann = await room.join('ann');
      await room.join('ben', { publish: false });
      await room.expect({ streamCreated: 2, streamPlaying: 2 });
      equal([await ov.fetch(), await ov.fetch()], [true, false], 'changes');
      equal(session.activeConnections.map((c) => [c.publishers.length, c.subscribers.length]), [[1, 0], [0, 1]], 'who has what');
      equal([await refusal(session.forceUnpublish('str_CAM_none_con_None')), await refusal(session.forceDisconnect('con_None'))],
        ['404', '404'], 'ids that nobody has');
      await session.forceUnpublish(session.activeConnections[0].publishers[0]);
      await room.expect({ streamDestroyed: 2 });
      for (const name of ['ann', 'ben']) {
        equal((await room.events(name, 'streamDestroyed'))[0].reason, 'forceUnpublishByServer', `what ${name} is told`);
      }
      await session.forceDisconnect(ann.id);
      await room.expect({ connectionDestroyed: 1, sessionDisconnected: 1 });
      equal((await room.events('ann', 'sessionDisconnected'))[0].reason, 'forceDisconnectByServer', 'what ann is told');
      await session.close();
      await room.expect({ sessionDisconnected: 2 });
      equal((await room.events('ben', 'sessionDisconnected'))[0].reason, 'sessionClosedByServer', 'what ben is told');
      equal(await room.page.e2e('videos'), 0, 'videos');
      equal(await refusal(session.fetch()), '404', 'fetch of a session that is gone');
    });

    await runner.test(`fetch() sees each change once: node client ${version}`, async () => {
      const { visavis, room, ov } = await start();
      const changed = async (what) => {
        // A client does not wait for the answer when it leaves.
        await until(`fetch after ${what} tells of it`, () => ov.fetch());
        equal(await ov.fetch(), false, `the next fetch after ${what}`);
        return sessionOf(ov, room);
      };
      let session = await changed('a session was made by REST');
      const before = Date.now();
      const { body } = await visavis.rest('POST', `/sessions/${room.id}/connection`, { role: 'MODERATOR', data: 'SERVER', record: false });
      session = await changed('a connection was made by REST');
      const [connection] = session.connections;
      equal([connection.connectionId, connection.status, connection.serverData, connection.role, connection.connectionProperties.record],
        [body.id, 'pending', 'SERVER', 'MODERATOR', false], 'the connection');
      equal(Object.keys(connection.connectionProperties).length, 10, 'its properties');
      assert(connection.createdAt >= before - 5, 'createdAt');
      await refusal(session.updateConnection(connection.connectionId, { role: 'PUBLISHER' }))
        .then((text) => equal(text, '405', 'updateConnection'));
      await room.join('ann', { token: body.token, data: 'CLIENT', publish: false });
      session = await changed('somebody joined');
      equal([connection.status, connection.clientData, connection.serverData], ['active', 'CLIENT', 'SERVER'], 'the connection');
      assert(connection.activeAt > connection.createdAt, 'activeAt');
      assert(/^Chrome/.test(connection.platform), `platform ${connection.platform}`);
      await room.e2e('ann', 'publish', {});
      await changed('publishing');
      const [published] = session.activeConnections[0].publishers;
      equal([published.typeOfVideo, published.videoDimensions, published.frameRate, published.hasAudio, published.audioActive],
        ['CAMERA', '{"width":640,"height":480}', 30, true, true], 'what is published');
      await room.join('ben', { publish: false });
      await until('ben subscribes', async () => (await room.events('ben', 'streamPlaying')).length === 1);
      await changed('another one joined and subscribes');
      equal(session.activeConnections[1].subscribers, [published.streamId], 'who watches what');
      await room.e2e('ann', 'mute', 'video', false);
      await changed('the picture was muted');
      equal(published.videoActive ?? session.activeConnections[0].publishers[0].videoActive, false, 'videoActive');
      await room.e2e('ben', 'unsubscribe', published.streamId);
      await changed('ben unsubscribed');
      await room.e2e('ann', 'unpublish');
      await changed('unpublishing');
      await room.join('cem', { publish: false }); // ben has unsubscribed, and an old client then cannot leave
      await changed('a third one joined');
      await room.e2e('cem', 'leave');
      await changed('he left');
      equal(session.activeConnections.length, 2, 'connections');
      await visavis.rest('DELETE', `/sessions/${room.id}`);
      await ov.fetch();
      equal(sessionOf(ov, room), undefined, 'the session is gone');
    });
  }

  await runner.test("a connection's own ICE servers reach its peer connections, in their order", async () => {
    const visavis = await server();
    const room = await new Room({ visavis, pages, browser: chromium, onePage: true }).create();
    const given = [
      { url: 'turn:127.0.0.1:9', username: 'user', credential: 'word' },
      { url: 'stun:127.0.0.1:1234' },
    ];
    const made = (await visavis.rest('POST', `/sessions/${room.id}/connection`, { customIceServers: given })).body;
    equal(made.customIceServers, given, 'what REST echoes');
    await room.join('ann', { token: made.token });
    await room.join('ben', { connection: { customIceServers: given } });
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    const [{ id }] = (await room.events('ann', 'streamCreated')).filter((e) => !e.own);
    for (const of of [undefined, id]) {
      const used = (await room.e2e('ann', 'iceServers', of)).map(({ urls, username, credential }) => [[urls].flat(), username, credential]);
      equal(used.map(([urls, u, c]) => [urls, u || null, c || null]),
        [[['turn:127.0.0.1:9'], 'user', 'word'], [['stun:127.0.0.1:1234'], null, null]], 'getConfiguration().iceServers');
    }
    const ov = backEnd('2.32.2', visavis);
    await ov.fetch();
    const fetched = ov.activeSessions.find((s) => s.sessionId === room.id).activeConnections[0].connectionProperties.customIceServers;
    equal(fetched.map((s) => s.url).sort(), given.map((s) => s.url).sort(), 'what fetch() brings, in an order of its own');
  });

  await runner.test('signals by REST: to all, to one, to nobody', async () => {
    const visavis = await server();
    const room = await new Room({ visavis, pages, browser: chromium, onePage: true }).create();
    const signal = async (more) => (await visavis.rest('POST', '/signal', { session: room.id, data: 'words', ...more })).status;
    equal(await signal({}), 406, 'nobody is there');
    await room.join('ann', { publish: false });
    const ben = await room.join('ben', { publish: false });
    for (const to of [['con_None'], [ben.id, 'con_None']]) equal(await signal({ to }), 406, 'somebody who is not there');
    equal(await signal({ type: 'server1' }), 200, 'to all');
    await room.expect({ signal: 2 });
    equal(await signal({ type: 'server2', to: [ben.id] }), 200, 'to one');
    await room.expect({ signal: 3 });
    equal((await room.events('ben', 'signal')).map((e) => [e.name, e.data, e.from ?? null]),
      [['signal:server1', 'words', null], ['signal:server2', 'words', null]], 'what ben got');
  });

  await runner.test('a token: used, deleted, of another session, and the one that is left', async () => {
    const visavis = await server();
    const room = await new Room({ visavis, pages, browser: chromium, onePage: true }).create();
    const rest = async (properties = {}) => (await visavis.rest('POST', `/sessions/${room.id}/connection`, properties)).body;
    const [used, deleted, left] = [await rest(), await rest(), await rest()];
    await room.join('ann', { token: used.token, publish: false });
    equal((await visavis.rest('DELETE', `/sessions/${room.id}/connection/${deleted.id}`)).status, 204, 'deleting');
    const other = await visavis.session();
    const foreign = (await visavis.rest('POST', `/sessions/${other}/connection`, {})).body.token;
    const refused = [used.token, deleted.token, foreign.replace(other, room.id)];
    for (const token of refused) {
      const text = await refusal(room.join('ben', { token, publish: false }));
      assert(text.includes(`Token ${token} is not valid`) && text.includes('401'), text);
    }
    const lost = await refusal(room.join('ben', { token: left.token.replace(room.id, 'nowhere'), publish: false }));
    assert(lost.includes('202') && lost.includes('cannot be found'), `an unknown session: ${lost}`);
    equal((await room.join('ben', { token: left.token, publish: false })).id, left.id, 'the connection of the token');
    const { body } = await visavis.rest('GET', `/sessions/${room.id}/connection`);
    equal(body.content.map((c) => [c.id, c.status, c.token]), [used, left].map((c) => [c.id, 'active', c.token]), 'who is there');
    await visavis.rest('DELETE', `/sessions/${other}`);
  });
}
