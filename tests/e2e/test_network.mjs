// Sockets and browsers that are lost, and what comes back.
import { startChromium } from './browsers.mjs';
import { afterTest, equal, until } from './harness.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { Hook } from './hook.mjs';

// What comes is of more interest here than how much of it.
const SMALL = { resolution: '320x240', frameRate: 15 };

export default async function network({ runner, pages, chromium, server, buildFolder }) {
  const newRoom = async (visavis) => new Room({ visavis, pages, browser: chromium }).create();
  const told = async (room, name, type) => (await room.events(name, type)).map((e) => e.reason);

  const oneSocket = async () => {
    const room = await newRoom(await server());
    await room.join('ann', { publish: SMALL });
    await room.join('ben', { publish: SMALL });
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    const before = Object.values((await room.e2e('ben', 'stats')).remote)[0].framesDecoded;
    equal(await room.e2e('ben', 'dropSockets'), 1, 'sockets that were cut');
    await until('it is noticed', async () => (await room.events('ben', 'reconnecting')).length === 1);
    await until('it is back', async () => (await room.events('ben', 'reconnected')).length === 1);
    await room.e2e('ann', 'signal', { data: 'still there?' });
    await until('ben hears ann', async () => (await room.events('ben', 'signal')).length === 1);
    await until('frames go on', async () => Object.values((await room.e2e('ben', 'stats')).remote)[0].framesDecoded > before + 30);
    equal(await told(room, 'ann', 'connectionDestroyed'), [], 'nobody left');
  };

  // Every stream is made anew on demand of the app; its id stays, and nobody else is told.
  const madeAnew = async (style) => {
    const visavis = await server(style);
    const room = await new Room({ visavis, pages, browser: chromium, onePage: true }).create();
    const advanced = { forceMediaReconnectionAfterNetworkDrop: true };
    for (const name of ['ann', 'ben']) await room.join(name, { advanced, publish: SMALL });
    await room.expect({ streamPlaying: 4 });
    const ids = async () => (await visavis.rest('GET', `/sessions/${room.id}/connection`)).body.content
      .map((c) => [c.publishers.map((p) => p.streamId), c.subscribers.map((p) => p.streamId)]);
    const [before, made] = [await ids(), await room.page.e2e('peerConnections')];
    equal(await room.page.e2e('dropSockets'), 2, 'sockets that were cut');
    for (const name of ['ann', 'ben']) await until(`${name} is back`, async () => (await room.events(name, 'reconnected')).length === 1, 30000);
    await until('new connections', async () => await room.page.e2e('peerConnections') === made + 4);
    for (const name of ['ann', 'ben']) await room.flows(name, 10);
    equal(await ids(), before, 'streams');
    await room.expect({ streamCreated: 4, streamDestroyed: 0, connectionDestroyed: 0 });
  };

  const killed = async () => {
    const hook = await Hook.start();
    const visavis = await Daemons.start(buildFolder, { signaling: { webhook_endpoint: hook.url } });
    const doomed = await startChromium();
    afterTest(() => doomed.kill());
    const room = await newRoom(visavis);
    await room.join('ann', { publish: SMALL });
    const ben = await room.join('ben', { browser: doomed, publish: SMALL });
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    const created = Array(3).fill('webrtcConnectionCreated');
    await hook.next('sessionCreated', 'participantJoined', 'webrtcConnectionCreated', 'participantJoined', ...created);
    await doomed.kill();
    await until('ann is told', async () => (await told(room, 'ann', 'connectionDestroyed')).length === 1, 60000);
    const [gone] = await room.events('ann', 'connectionDestroyed');
    equal([gone.id, gone.reason, await told(room, 'ann', 'streamDestroyed')], [ben.id, 'networkDisconnect', ['networkDisconnect']], 'who left');
    equal((await visavis.rest('GET', `/sessions/${room.id}/connection`)).body.numberOfElements, 1, 'who is there');
    const ended = await hook.next(...Array(3).fill('webrtcConnectionDestroyed'), 'participantLeft');
    equal([...new Set(ended.map((e) => e.reason))], ['networkDisconnect'], 'reasons');
  };

  await runner.test('a lost WebSocket comes back and media never stops', oneSocket);
  for (const style of ['kurento', 'mediasoup']) await runner.test(`a lost WebSocket, and media made anew, ${style}`, () => madeAnew(style));
  await runner.test('a browser is killed: the others hear of it within the grace period', killed);
}
