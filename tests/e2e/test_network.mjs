// Sockets, networks and browsers that are lost, and what comes back.
import { CHROMIUM, startChromium } from './browsers.mjs';
import { afterTest, equal, until } from './harness.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { Island } from './island.mjs';

export default async function network({ runner, pages, chromium, server, buildFolder }) {
  const newRoom = async (visavis) => new Room({ visavis, pages, browser: chromium }).create();
  const told = async (room, name, type) => (await room.events(name, type)).map((e) => e.reason);

  const oneSocket = async () => {
    const room = await newRoom(await server());
    await room.join('ann');
    await room.join('ben');
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

  const cutOff = async () => {
    const island = new Island();
    const visavis = await Daemons.start(buildFolder, { host: island.host });
    const theirPages = await pages.at(island.host);
    const far = await startChromium({ wrapper: island.wrapper(CHROMIUM), trusted: theirPages.origin });
    afterTest(() => far.close());
    const room = await newRoom(visavis);
    await room.join('ann');
    const ben = await room.join('ben', { browser: far, pages: theirPages });
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });

    island.cut();
    await until('ben notices', async () => (await room.events('ben', 'reconnecting')).length === 1, 30000);
    island.connect();
    await until('ben is back', async () => (await room.events('ben', 'reconnected')).length === 1, 30000);
    for (const name of ['ann', 'ben']) await room.flows(name, 10);
    equal([await told(room, 'ann', 'connectionDestroyed'), await told(room, 'ann', 'streamDestroyed')], [[], []], 'what ann is told');

    island.cut();
    await until('ann is told', async () => (await told(room, 'ann', 'connectionDestroyed')).length === 1, 60000);
    const [gone] = await room.events('ann', 'connectionDestroyed');
    equal([gone.id, gone.reason, await told(room, 'ann', 'streamDestroyed')], [ben.id, 'networkDisconnect', ['networkDisconnect']], 'who left');
    island.connect();
    await until('ben is told', async () => (await told(room, 'ben', 'sessionDisconnected')).length === 1, 30000);
    equal(await told(room, 'ben', 'sessionDisconnected'), ['networkDisconnect'], 'what ben is told');
  };

  const killed = async () => {
    const doomed = await startChromium();
    const room = await newRoom(await server());
    await room.join('ann');
    const ben = await room.join('ben', { browser: doomed });
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    await doomed.kill();
    await until('ann is told', async () => (await told(room, 'ann', 'connectionDestroyed')).length === 1, 60000);
    const [gone] = await room.events('ann', 'connectionDestroyed');
    equal([gone.id, gone.reason, await told(room, 'ann', 'streamDestroyed')], [ben.id, 'networkDisconnect', ['networkDisconnect']], 'who left');
    equal((await room.visavis.rest('GET', `/sessions/${room.id}/connection`)).body.numberOfElements, 1, 'who is there');
  };

  await runner.together([
    ['a lost WebSocket comes back and media never stops', oneSocket],
    ['the network is cut for a while: all comes back; for long: out, and told so', cutOff, 240000],
    ['a browser is killed: the others hear of it within the grace period', killed, 120000],
  ]);
}
