// A real screen, and how long it takes to see somebody.
import { equal, median, until } from './harness.mjs';
import { Room } from './calls.mjs';

export default async function calls({ runner, pages, chromium, server, short }) {
  await runner.test('screen share', async () => {
    const room = await new Room({ visavis: await server(), pages, browser: chromium, version: '2.32.2' }).create();
    await room.join('watcher', { publish: false });
    await room.join('sharer', { publish: { videoSource: 'screen', audioSource: false } });
    const [created] = await until('the stream is announced', async () => {
      const e = await room.events('watcher', 'streamCreated');
      return e.length && e;
    });
    equal([created.typeOfVideo, created.audio, created.video], ['SCREEN', false, true], 'the announced stream');
    await until('the screen is decoded', async () => Object.values((await room.e2e('watcher', 'stats')).remote)[0]?.framesDecoded > 3);
    await room.close();
  });

  await runner.test('from joining to the first decoded frame', async () => {
    const room = await new Room({ visavis: await server(), pages, browser: chromium, version: '2.32.2' }).create();
    await room.join('ann');
    const times = [];
    const rounds = short ? 3 : 11;
    for (let i = 0; i < rounds; i += 1) {
      await room.join(`guest${i}`, { publish: false });
      times.push(await until('first frame', () => room.e2e(`guest${i}`, 'firstFrame')));
      await room.leave(`guest${i}`);
    }
    console.log(`        join to first decoded frame: median ${median(times).toFixed(0)} ms of ${rounds}`
      + ` (${times.map((t) => t.toFixed(0)).join(' ')}); start to ready: ${(await server()).startMs.toFixed(0)} ms`);
    await room.close();
  });
}
