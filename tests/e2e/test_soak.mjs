// Joining and leaving again and again leaves nothing behind in the daemons.
import { assert, until } from './harness.mjs';
import { Room } from './calls.mjs';

// So much do the candidates differ that two people's four connections gather, from one time to the next.
const SLACK = 9;

export default async function soak({ runner, pages, chromium, server, short, sanitized }) {
  const rounds = short ? 10 : 50;

  await runner.test(`${rounds} times join and leave: memory flat, no descriptor left`, async () => {
    const visavis = await server();
    const room = await new Room({ visavis, pages, browser: chromium, version: '2.32.2' }).create();
    const round = async () => {
      await room.everybodySeesEverybody({ frames: 2, audio: 2 });
      await room.gathered();
      await room.joinAgain(await room.leave('ben', { keepPage: true }));
    };
    await room.join('ann');
    await room.join('ben');
    for (let i = 0; i < 5; i += 1) await round(); // what is made once is made by now
    await room.everybodySeesEverybody({ frames: 2, audio: 2 });
    await room.gathered();
    const before = visavis.daemons();
    for (let i = 0; i < rounds; i += 1) await round();
    await room.everybodySeesEverybody({ frames: 2, audio: 2 });
    await room.gathered();
    // The browsers let go of the last TURN allocations a moment after their connections.
    // What leaked would be at least as many as there were rounds: ten or more.
    const settled = () => Object.entries(visavis.daemons()).every(([name, d]) => d.fds <= before[name].fds + SLACK);
    await until('descriptors as before', settled, 20000).catch(() => {});
    const after = visavis.daemons();
    for (const [name, b] of Object.entries(before)) {
      const a = after[name];
      console.log(`        ${name}: ${b.rssKiB} -> ${a.rssKiB} KiB, ${b.fds} -> ${a.fds} descriptors`);
      assert(a && a.pid === b.pid, `${name} was restarted`);
      assert(a.fds <= b.fds + SLACK, `${name}: descriptors ${b.fds} -> ${a.fds}`);
      if (!short && !sanitized) assert(a.rssKiB < b.rssKiB * 1.15 + 1024, `${name}: memory ${b.rssKiB} -> ${a.rssKiB} KiB`);
    }
    await room.close();
  }, 400000);
}
