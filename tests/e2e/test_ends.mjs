// Why things end, and that exactly those are told who have to know.
import { equal, until } from './harness.mjs';
import { Room } from './calls.mjs';

export default async function ends({ runner, pages, chromium, server }) {
  const newRoom = async () => new Room({ visavis: await server(), pages, browser: chromium, onePage: true }).create();

  await runner.test('leave and join again', async () => {
    const room = await newRoom();
    await room.join('ann');
    const first = await room.join('ben');
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    await room.leave('ben');
    await until('ann is told', async () => (await room.events('ann', 'connectionDestroyed')).length === 1);
    const [gone] = await room.events('ann', 'connectionDestroyed');
    equal([gone.id, gone.reason], [first.id, 'disconnect'], 'who left');
    equal((await room.events('ann', 'streamDestroyed')).length, 1, 'streams destroyed');
    await room.join('ben');
    await room.everybodySeesEverybody();
    await room.close();
  });

  await runner.test('closing a session by REST', async () => {
    const room = await newRoom();
    await room.join('ann');
    await room.join('ben');
    equal((await room.visavis.rest('DELETE', `/sessions/${room.id}`)).status, 204, 'status');
    for (const name of ['ann', 'ben']) {
      await until(`${name} is out`, async () => (await room.events(name, 'sessionDisconnected'))[0]?.reason === 'sessionClosedByServer');
    }
    equal((await room.visavis.rest('GET', `/sessions/${room.id}`)).status, 404, 'afterwards');
    await room.close();
  });
}
