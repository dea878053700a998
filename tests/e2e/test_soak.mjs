// Joining and leaving again and again leaves nothing behind in the daemons.
import { assert, until } from './harness.mjs';
import { Room } from './calls.mjs';

export default async function soak({ runner, pages, chromium, server, short }) {
  const rounds = short ? 10 : 50;

  await runner.test(`${rounds} times join and leave: memory flat, no descriptor left`, async () => {
    const visavis = await server();
    const round = async (room, i) => {
      await room.join(`guest${i}`);
      await room.everybodySeesEverybody({ frames: 2, audio: 2 });
      await room.leave(`guest${i}`);
    };
    const room = await new Room({ visavis, pages, browser: chromium, version: '2.32.2' }).create();
    await room.join('ann');
    for (let i = 0; i < 5; i += 1) await round(room, i); // what is made once is made by now
    const before = visavis.daemons();
    for (let i = 0; i < rounds; i += 1) await round(room, i);
    // The last guest's TURN allocations go when the others' browsers have let go of them.
    const settled = () => Object.entries(visavis.daemons()).every(([name, d]) => d.fds <= before[name].fds + 2);
    await until('descriptors as before', settled, 20000).catch(() => {});
    const after = visavis.daemons();
    for (const [name, b] of Object.entries(before)) {
      const a = after[name];
      console.log(`        ${name}: ${b.rssKiB} -> ${a.rssKiB} KiB, ${b.fds} -> ${a.fds} descriptors`);
      assert(a && a.pid === b.pid, `${name} was restarted`);
      assert(a.fds <= b.fds + 2, `${name}: descriptors ${b.fds} -> ${a.fds}`);
      if (!short) assert(a.rssKiB < b.rssKiB * 1.15 + 1024, `${name}: memory ${b.rssKiB} -> ${a.rssKiB} KiB`);
    }
    await room.close();
  }, 400000);
}
