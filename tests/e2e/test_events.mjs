// What the webhook and the CDR tell of calls: fields, order, and reasons with exact counts.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterTest, assert, equal } from './harness.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { Hook } from './hook.mjs';

const CREATED = 'webrtcConnectionCreated';
const DESTROYED = 'webrtcConnectionDestroyed';

export default async function events({ runner, pages, chromium, buildFolder }) {
  const start = async (signaling = {}) => {
    const hook = await Hook.start();
    const visavis = await Daemons.start(buildFolder, { signaling: { webhook_endpoint: hook.url, ...signaling } });
    const newRoom = async (properties) => new Room({ visavis, pages, browser: chromium, onePage: true }).create(properties);
    return { hook, visavis, newRoom };
  };

  const reasons = (list) => [...new Set(list.map((e) => e.reason))];
  const keys = (event) => Object.keys(event).length;

  await runner.test('the webhook: fields, keys and order of all that happens in a session', async () => {
    const { hook, visavis, newRoom } = await start({ webhook_headers: ['X-Token: abc'] });
    const room = await newRoom({ customSessionId: 'TestSession' });
    const ann = await room.join('ann', { connection: { data: 'SERVER' }, data: 'CLIENT' });
    const [created, joined, out] = await hook.next('sessionCreated', 'participantJoined', CREATED);
    equal([keys(created), keys(joined), keys(out)], [4, 11, 13], 'keys');
    equal([created.sessionId, created.uniqueSessionId], ['TestSession', joined.uniqueSessionId], 'the session');
    assert(created.uniqueSessionId.startsWith('TestSession_'), created.uniqueSessionId);
    equal([joined.connectionId, joined.participantId, joined.clientData, joined.serverData, joined.ip],
      [ann.id, ann.id, 'CLIENT', 'SERVER', '127.0.0.1'], 'ann');
    assert(joined.platform.startsWith('Chrome'), joined.platform);
    equal([out.connection, out.connectionId, out.videoSource, out.videoFramerate, out.videoDimensions, out.audioEnabled, out.videoEnabled],
      ['OUTBOUND', ann.id, 'CAMERA', 30, '{"width":640,"height":480}', true, true], 'what ann publishes');

    const ben = await room.join('ben');
    const [first, ...three] = await hook.next('participantJoined', CREATED, CREATED, CREATED);
    equal([first.connectionId, three.map((e) => e.connection).sort()], [ben.id, ['INBOUND', 'INBOUND', 'OUTBOUND']], 'ben');
    const inbound = three.filter((e) => e.connection === 'INBOUND');
    equal(inbound.map((e) => [keys(e), e.connectionId === e.receivingFrom]), [[14, false], [14, false]], 'what is received');

    await room.e2e('ann', 'signal', { type: 'chat', data: 'hello' });
    const [byUser] = await hook.next('signalSent');
    equal([keys(byUser), byUser.type, byUser.from, [...byUser.to].sort(), byUser.data], [8, 'chat', ann.id, [ann.id, ben.id].sort(), 'hello'], "a client's signal");
    await visavis.rest('POST', '/signal', { session: room.id, type: 'chat', data: 'to one', to: [ben.id] });
    const [byRest] = await hook.next('signalSent');
    equal([byRest.type, byRest.from, byRest.to], ['chat', null, [ben.id]], 'a signal by REST');

    await visavis.rest('DELETE', `/sessions/${room.id}`);
    const ends = await hook.upTo('sessionDestroyed');
    const of = (name) => ends.filter((e) => e.event === name);
    equal([of(DESTROYED).length, of('participantLeft').length, ends.length, reasons(ends)], [4, 2, 7, ['sessionClosedByServer']], 'the end');
    equal([keys(ends.at(-1)), keys(of('participantLeft')[0])], [7, 14], 'keys');
    for (const left of of('participantLeft')) {
      const last = ends.findLastIndex((e) => e.event === DESTROYED && e.connectionId === left.connectionId);
      assert(last < ends.indexOf(left), 'a participant leaves after its connections');
    }
    hook.nothingMore();
    assert(hook.headers.every((h) => h['x-token'] === 'abc' && h['content-type'].startsWith('application/json')), 'headers');
  });

  await runner.test('end reasons: exactly as many events as connections end', async () => {
    const { hook, visavis, newRoom } = await start();
    const ended = async (count, reason, ...more) => {
      const list = await hook.next(...Array(count).fill(DESTROYED), ...more);
      equal(reasons(list.slice(0, count)), [reason], 'reason of the connections');
      return list.slice(count).map((e) => e.reason);
    };

    let room = await newRoom();
    const ann = await room.join('ann');
    await room.join('ben', { publish: false, role: 'MODERATOR' });
    await hook.next('sessionCreated', 'participantJoined', CREATED, 'participantJoined', CREATED);
    const publish = async () => {
      await room.e2e('ann', 'publish', {});
      await hook.next(CREATED, CREATED);
    };
    const [{ id }] = await room.events('ben', 'streamCreated');
    await room.e2e('ben', 'unsubscribe', id);
    await ended(1, 'unsubscribe');
    await room.e2e('ben', 'subscribe', id);
    await hook.next(CREATED);
    await room.e2e('ann', 'unpublish');
    await ended(2, 'unpublish');
    await publish();
    await room.e2e('ben', 'forceUnpublish', ann.id);
    await ended(2, 'forceUnpublishByUser');
    await publish();
    const stream = (await visavis.rest('GET', `/sessions/${room.id}/connection/${ann.id}`)).body.publishers[0].streamId;
    await visavis.rest('DELETE', `/sessions/${room.id}/stream/${stream}`);
    await ended(2, 'forceUnpublishByServer');
    await publish();
    await room.e2e('ben', 'forceDisconnect', ann.id);
    equal(await ended(2, 'forceDisconnectByUser', 'participantLeft'), ['forceDisconnectByUser'], 'ann');
    const cem = await room.join('cem');
    await hook.next('participantJoined', CREATED, CREATED);
    await visavis.rest('DELETE', `/sessions/${room.id}/connection/${cem.id}`);
    equal(await ended(2, 'forceDisconnectByServer', 'participantLeft'), ['forceDisconnectByServer'], 'cem');
    await room.e2e('ben', 'leave');
    equal((await hook.next('participantLeft', 'sessionDestroyed')).map((e) => e.reason), ['disconnect', 'lastParticipantLeft'], 'the last one');

    room = await newRoom();
    await room.join('ann');
    await room.join('ben');
    await hook.next('sessionCreated', 'participantJoined', CREATED, 'participantJoined', CREATED, CREATED, CREATED);
    await room.e2e('ann', 'leave');
    equal(await ended(3, 'disconnect', 'participantLeft'), ['disconnect'], 'the first of two');
    await room.e2e('ben', 'leave');
    equal(await ended(1, 'disconnect', 'participantLeft', 'sessionDestroyed'), ['disconnect', 'lastParticipantLeft'], 'the second of two');
    hook.nothingMore();
  });

  await runner.test('the CDR has the same events in the same order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'visavis-cdr-'));
    afterTest(async () => rmSync(folder, { recursive: true }));
    const { hook, newRoom } = await start({ cdr_path: folder });
    const room = await newRoom();
    await room.join('ann');
    await room.join('ben');
    await room.expect({ streamPlaying: 4 });
    await room.leaveOneByOne();
    await hook.upTo('sessionDestroyed');
    const lines = readdirSync(folder).sort().flatMap((f) => readFileSync(join(folder, f), 'utf8').trim().split('\n')).map((l) => JSON.parse(l));
    const told = hook.events.map(({ event, ...fields }) => ({ [event]: fields }));
    equal(lines, told, 'lines');
    const of = (name) => told.flatMap((e) => e[name] ?? []);
    for (const e of [...of(DESTROYED), ...of('participantLeft'), ...of('sessionDestroyed')]) {
      equal(e.duration, Math.floor((e.timestamp - e.startTime) / 1000), 'duration');
    }
    for (const left of of('participantLeft')) {
      equal(left.startTime, of('participantJoined').find((e) => e.connectionId === left.connectionId).timestamp, 'when it joined');
    }
  });
}
