// The signaling daemon ends and comes back under a call.
import { equal, until } from './harness.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { Hook } from './hook.mjs';
import { startRedis } from './redis.mjs';

const SMALL = { resolution: '320x240', frameRate: 15 };

export default async function restart({ runner, pages, chromium, buildFolder }) {
  // Ends signaling under a call, and looks at the call meanwhile and afterwards.
  const underCall = async (style, signal) => {
    const hook = await Hook.start();
    const visavis = await Daemons.start(buildFolder, {
      signaling: { store: await startRedis(), media_server: style, webhook_endpoint: hook.url },
    });
    const room = await new Room({ visavis, pages, browser: chromium, onePage: true }).create();
    const ann = await room.join('ann', { publish: SMALL });
    await room.join('boss', { role: 'MODERATOR', publish: SMALL });
    const early = await visavis.rest('POST', `/sessions/${room.id}/connection`, { role: 'SUBSCRIBER', data: 'KEPT' });
    const alone = await room.openPage();
    const dot = await room.join('dot', { publish: false, page: alone });
    const idle = await visavis.session({ customSessionId: 'idle' });
    await room.expect({ streamPlaying: 6 });
    const connections = await room.page.e2e('peerConnections');
    const content = async () => (await visavis.rest('GET', `/sessions/${room.id}/connection`)).body.content.map((c) => [c.id, c.status, c.role, c.publishers?.length, c.subscribers?.length]);
    const before = await content();
    const told = hook.events.length;

    const status = await visavis.end('signaling', signal);
    equal(status, signal === 'SIGTERM' ? 0 : signal, 'how it ended');
    const all = async (type) => (await Promise.all([...room.people.keys()].map((name) => room.events(name, type)))).every((e) => e.length > 0);
    await until('all notice', () => all('reconnecting'), 30000);
    for (const name of ['ann', 'boss']) await room.flows(name, 15); // nobody is there, and media goes on
    await alone.close(); // dot does not come back
    room.people.delete('dot');
    const since = visavis.output.length;
    visavis.spawn('signaling');
    await visavis.ready(since);
    equal(await content(), before, 'connections, roles, streams');
    equal((await visavis.rest('GET', `/sessions/${idle}`)).status, 200, 'a session that nobody joined');
    await until('all are back', () => all('reconnected'), 30000);
    await room.expect({ streamDestroyed: 0, sessionDisconnected: 0, exception: 0 });
    for (const name of ['ann', 'boss']) await room.flows(name, 10);
    equal(await room.page.e2e('peerConnections'), connections, 'peer connections: none was made anew');

    await room.e2e('ann', 'signal', { type: 'chat', data: 'still there?' });
    await room.expect({ signal: 2 });
    const late = await room.join('eve', { token: early.body.token, publish: false });
    equal(late.id, early.body.id, 'a token from before');
    await room.expect({ streamPlaying: 2 + 2 + 2 });
    await until('dot is given up', async () => (await room.events('ann', 'connectionDestroyed')).length === 1, 60000);
    const [gone] = await room.events('ann', 'connectionDestroyed');
    equal([gone.id, gone.reason], [dot.id, 'networkDisconnect'], 'whose grace period was over');
    await room.e2e('boss', 'forceDisconnect', ann.id);
    await until('ann is out', async () => (await room.events('ann', 'sessionDisconnected')).length === 1);
    await visavis.rest('DELETE', `/sessions/${room.id}`);
    await until('the end', () => hook.events.at(-1)?.event === 'sessionDestroyed');
    const once = new Map(hook.ids().map((id, i) => [id, hook.events[i].event]));
    if (signal === 'SIGTERM') equal(hook.events.length, once.size, 'after an orderly end nothing comes twice');
    equal([...once.keys()], [...once.keys()].sort(), 'order');
    const counts = {};
    for (const event of once.values()) counts[event] = (counts[event] ?? 0) + 1;
    equal(Object.entries(counts).sort(), Object.entries({
      participantJoined: 4, participantLeft: 4, sessionCreated: 2, sessionDestroyed: 1, signalSent: 1,
      webrtcConnectionCreated: 8, webrtcConnectionDestroyed: 8,
    }), 'every event');
    equal(hook.events.slice(told).filter((e) => e.event === 'participantLeft').map((e) => e.reason),
      ['networkDisconnect', 'forceDisconnectByUser', 'sessionClosedByServer', 'sessionClosedByServer'], 'who left');
  };

  await runner.test('signaling is killed under a call: nothing is lost, media never stops', () => underCall('kurento', 'SIGKILL'));
  await runner.test('signaling is restarted under a call: nothing is lost, media never stops', () => underCall('mediasoup', 'SIGTERM'));

  await runner.test('signaling is stopped, and nothing is kept: everybody is told', async () => {
    const visavis = await Daemons.start(buildFolder);
    const room = await new Room({ visavis, pages, browser: chromium, onePage: true }).create();
    await room.join('ann', { publish: SMALL });
    await room.join('ben', { publish: false });
    await room.expect({ streamPlaying: 2 });
    const since = visavis.output.length;
    equal(await visavis.end('signaling', 'SIGTERM'), 0, 'how it ended');
    await room.expect({ sessionDisconnected: 2 });
    for (const name of ['ann', 'ben']) {
      equal((await room.events(name, 'sessionDisconnected'))[0].reason, 'openviduServerStopped', `what ${name} is told`);
    }
    visavis.spawn('signaling');
    await visavis.ready(since);
  });
}
