// A network that is cut: for a while, and for good.
import { CHROMIUM, startChromium } from './browsers.mjs';
import { afterTest, equal, until } from './harness.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { Island } from './island.mjs';

const SMALL = { resolution: '320x240', frameRate: 15 };

export default async function cut({ runner, pages, chromium, buildFolder }) {
  const told = async (room, name, type) => (await room.events(name, type)).map((e) => e.reason);

  await runner.test('the network is cut for a while: all comes back; for long: out, and told so', async () => {
    const island = new Island();
    const visavis = await Daemons.start(buildFolder, { host: island.host });
    const theirPages = await pages.at(island.host);
    const far = await startChromium({ wrapper: island.wrapper(CHROMIUM), trusted: theirPages.origin });
    afterTest(() => far.close());
    const room = await new Room({ visavis, pages, browser: chromium }).create();
    await room.join('ann', { publish: SMALL });
    const ben = await room.join('ben', { browser: far, pages: theirPages, publish: SMALL });
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
  }, 240000);
}
