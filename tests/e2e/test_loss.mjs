// Two people who are each behind a bad cable: it loses, delays and reorders packets in both directions.
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { CHROMIUM, startChromium } from './browsers.mjs';
import { afterTest, assert, sleep, until } from './harness.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { Island } from './island.mjs';

const WATCHED_MS = 15000;
const LOOKS = 4; // a machine that is busy with other things makes pictures stand still, too: not each time
const SMALL = { resolution: '640x480', frameRate: 30 };

const CABLES = [
  { words: 'loss 1 delay 100 reorder 1', stillMs: 1000 },
  { words: 'loss 5 delay 100 reorder 1', stillMs: 1000 },
  { words: 'loss 10 delay 100 reorder 1', stillMs: 5000 }, // it goes on
];

export default async function loss({ runner, pages, chromium, server, buildFolder, sanitized }) {
  if (sanitized) return; // it is about what comes when

  // With the default bounds the encoder goes up to 1,000 kbit/s, and not to what it would choose itself.
  await runner.test('publishers keep to the bit rates that they may send', async () => {
    const room = await new Room({ visavis: await server(), pages, browser: chromium }).create();
    const target = async (name) => (await room.e2e(name, 'stats')).own.targetBitrate;
    const small = { kurentoOptions: { videoMaxRecvBandwidth: 150, videoMinRecvBandwidth: 50 } };
    await room.join('ann', { publish: { resolution: '1280x720' } });
    await room.join('ben', { publish: { resolution: '1280x720' }, connection: small });
    for (const [name, least, most] of [['ann', 600e3, 1000e3], ['ben', 50e3, 150e3]]) {
      await until(`${name} sends as much as is allowed`, async () => await target(name) > least && await target(name) <= most, 60000);
      for (let i = 0; i < 30; i += 1) {
        const bps = await target(name);
        assert(bps <= most, `${name} means to send ${bps} bit/s`);
        await sleep(100);
      }
    }
  });

  const watch = async ({ words, stillMs }) => {
    execFileSync('make', ['--no-print-directory', `FLAVOUR=${basename(buildFolder)}`, `build/${basename(buildFolder)}/tools/cable`],
      { cwd: new URL('../..', import.meta.url).pathname, stdio: ['ignore', 'ignore', 'inherit'] });
    const island = new Island({ cable: words, build: buildFolder });
    const visavis = await Daemons.start(buildFolder, { host: island.host });
    const theirPages = await pages.at(island.host);
    const far = await startChromium({ wrapper: island.wrapper(CHROMIUM), trusted: theirPages.origin });
    afterTest(() => far.close());
    const room = await new Room({ visavis, pages: theirPages, browser: far }).create();
    await room.join('ann', { publish: SMALL });
    await room.join('ben', { publish: false });
    await room.everybodySeesEverybody({ frames: 60, audio: 50, timeoutMs: 60000 });
    let m;
    for (let i = 0; i < LOOKS && !(m && m.longest <= stillMs && m.nacks > 0 && m.repeated > 0); i += 1) {
      m = await room.e2e('ben', 'motion', WATCHED_MS);
      console.log(`        ${m.frames} frames of ${m.width}, longest still ${Math.round(m.longest)} ms, ${m.freezes} freezes of ${m.frozenS.toFixed(1)} s, lost ${m.lost} of ${m.received}, ${m.nacks} nacks, ${m.repeated} repeated, ${m.plis} plis`);
    }
    const { body } = await visavis.rest('GET', '/sessions?webRtcStats=true');
    const [ann, ben] = body.content[0].connections.content;
    const [up, down] = [ann.publishers[0].stats, ben.subscribers[0].stats];
    const lost = (t) => `${((100 * t.lost) / (t.packets + t.lost)).toFixed(1)} %`;
    for (const [name, s] of [['up', up], ['down', down]]) {
      for (const t of s.tracks) console.log(`        ${name} ${t.kind}: rtt ${s.rttMs} ms, ${t.packets} packets, ${lost(t)} lost, ${t.nacks} nacks, ${t.repeated} repeated, ${t.givenUp ?? 0} given up, ${t.bitrate / 1000 | 0} kbit/s`);
    }
    assert(m.longest <= stillMs, `the picture stood still for ${Math.round(m.longest)} ms`);
    assert(m.frames > 0, 'no frames');
    assert(m.nacks > 0 && m.repeated > 0, 'nothing was repeated');
    const [video, sent] = [up, down].map((s) => s.tracks.find((t) => t.kind === 'video'));
    assert(video.lost > 0 && video.repeated > 0 && sent.repeated > 0, `the server repeated nothing: ${JSON.stringify([video, sent])}`);
    for (const s of [up, down]) assert(s.rttMs >= 150, `a round trip takes ${s.rttMs} ms`);
    await until('the room is closed', () => room.close().then(() => true));
  };

  for (const cable of CABLES) await runner.test(`video goes on behind a bad cable: ${cable.words}`, () => watch(cable), 240000);
}
