// The media daemon is lost: for a moment, or for good.
import { assert, equal, refusal } from './harness.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { Hook } from './hook.mjs';

const SMALL = { resolution: '320x240', frameRate: 15 };
const DESTROYED = 'webrtcConnectionDestroyed';

export default async function crash({ runner, pages, chromium, buildFolder }) {
  const newRoom = async (visavis, properties) => new Room({ visavis, pages, browser: chromium, onePage: true }).create(properties);
  const content = async (room) => (await room.visavis.rest('GET', `/sessions/${room.id}/connection`)).body.content;

  await runner.test('the media daemon is back at once: streams end, everybody stays', async () => {
    const hook = await Hook.start();
    const visavis = await Daemons.start(buildFolder, { signaling: { webhook_endpoint: hook.url } });
    const watched = await newRoom(visavis);
    await watched.join('ann', { publish: SMALL });
    await watched.join('ben', { publish: false });
    const silent = await newRoom(visavis);
    await silent.join('cem', { publish: false });
    await watched.flows('ben', 2);
    await visavis.restart('media', 'SIGKILL');
    await watched.expect({ streamDestroyed: 2 });
    for (const name of ['ann', 'ben']) {
      equal((await watched.events(name, 'streamDestroyed'))[0].reason, 'mediaServerReconnect', `what ${name} is told`);
    }
    equal((await content(watched)).map((c) => [c.status, c.publishers.length, c.subscribers.length]), [['active', 0, 0], ['active', 0, 0]], 'connections');
    const ended = (await hook.upTo(DESTROYED)).slice(-1).concat(await hook.next(DESTROYED));
    equal(ended.map((e) => [e.sessionId, e.reason]), [[watched.id, 'mediaServerReconnect'], [watched.id, 'mediaServerReconnect']], 'the webhook');
    await watched.e2e('ann', 'publish', SMALL);
    await watched.flows('ben', 5);
    await silent.e2e('cem', 'publish', SMALL);
    await silent.expect({ connectionCreated: 1, accessAllowed: 1, streamCreated: 1, streamPlaying: 1 });
    equal(await silent.counts(['exception', 'reconnecting', 'sessionDisconnected', 'streamDestroyed']),
      { exception: 0, reconnecting: 0, sessionDisconnected: 0, streamDestroyed: 0 }, 'what cem saw of it');
    await watched.expect({ sessionDisconnected: 0, connectionDestroyed: 0, streamDestroyed: 2 });
  });

  await runner.test('the media daemon stays away: its sessions end, the others wait', async () => {
    const hook = await Hook.start();
    const visavis = await Daemons.start(buildFolder, { signaling: { media_lost_s: 2, webhook_endpoint: hook.url } });
    const watched = await newRoom(visavis);
    await watched.join('ann', { publish: SMALL });
    await watched.join('ben', { publish: SMALL });
    const silent = await newRoom(visavis);
    await silent.join('cem', { publish: false });
    const waiting = await newRoom(visavis, { customSessionId: 'TestSession' });
    await watched.expect({ streamPlaying: 4 });
    await visavis.end('media', 'SIGKILL');
    await watched.expect({ sessionDisconnected: 2 });
    await silent.expect({ sessionDisconnected: 1 });
    for (const [room, name] of [[watched, 'ann'], [watched, 'ben'], [silent, 'cem']]) {
      equal((await room.events(name, 'sessionDisconnected'))[0].reason, 'nodeCrashed', `what ${name} is told`);
    }
    const all = [...await hook.upTo('sessionDestroyed'), ...await hook.upTo('sessionDestroyed')];
    const ended = all.filter((e) => e.reason);
    const of = (room) => ended.filter((e) => e.sessionId === room.id).map((e) => e.event);
    equal([...new Set(ended.map((e) => e.reason))], ['nodeCrashed'], 'reasons in the webhook');
    equal([of(watched), of(silent)], [
      [DESTROYED, DESTROYED, DESTROYED, 'participantLeft', DESTROYED, 'participantLeft', 'sessionDestroyed'],
      ['participantLeft', 'sessionDestroyed'],
    ], 'the webhook');
    for (const [room, status] of [[watched, 404], [silent, 404], [waiting, 200]]) {
      equal((await visavis.rest('GET', `/sessions/${room.id}`)).status, status, 'the session');
    }
    equal((await visavis.rest('POST', '/sessions', { customSessionId: 'another' })).status, 200, 'making a session meanwhile');
    const refused = await refusal(waiting.join('dot', { publish: false }));
    assert(refused.includes("There is no available Media Node where to initialize session 'TestSession'. Code: 204"), `joining meanwhile: ${refused}`);
    equal((await visavis.rest('GET', `/sessions/${waiting.id}`)).status, 200, 'that session is still there');
    const since = visavis.output.length;
    visavis.spawn('media');
    await visavis.ready(since);
    await waiting.join('dot');
    await waiting.expect({ streamCreated: 1, streamPlaying: 1 });
  });
}
