// Two people who are each behind a bad cable: it loses, delays and reorders packets in both directions.
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { CHROMIUM, startChromium } from './browsers.mjs';
import { afterTest, assert, sleep, until } from './harness.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { Island } from './island.mjs';

const WATCHED_MS = 30000;
const SMALL = { resolution: '640x480', frameRate: 30 };

const CABLES = ['loss 1 delay 100 reorder 1', 'loss 5 delay 100 reorder 1', 'loss 10 delay 100 reorder 1'];

export default async function loss({ runner, pages, chromium, server, buildFolder, sanitized }) {
  const test = sanitized ? (name) => runner.skip(name, 'it is about what comes when') : (...args) => runner.test(...args);

  // With the default bounds the encoder goes up to 1,000 kbit/s, and not to what it would choose itself.
  await test('publishers keep to the bit rates that they may send', async () => {
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

  // How long a picture stands still is told, and no more: a machine that is busy with other things does that as well.
  const watch = async (words) => {
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
    const framesMade = async () => (await room.e2e('ann', 'stats')).own.framesEncoded;
    const before = await framesMade();
    const m = await room.e2e('ben', 'motion', WATCHED_MS);
    const made = await framesMade() - before;
    console.log(`        ${m.frames} frames of ${made} decoded, of ${m.width}, longest still ${Math.round(m.longest)} ms, ${m.freezes} freezes of ${m.frozenS.toFixed(1)} s, lost ${m.lost} of ${m.received}, ${m.nacks} nacks, ${m.repeated} repeated, ${m.plis} plis`);
    const { body } = await visavis.rest('GET', '/sessions?webRtcStats=true');
    const [ann, ben] = body.content[0].connections.content;
    const [up, down] = [ann.publishers[0].stats, ben.subscribers[0].stats];
    const lost = (t) => `${((100 * t.lost) / (t.packets + t.lost)).toFixed(1)} %`;
    for (const [name, s] of [['up', up], ['down', down]]) {
      for (const t of s.tracks) console.log(`        ${name} ${t.kind}: rtt ${s.rttMs} ms, ${t.packets} packets, ${lost(t)} lost, ${t.nacks} nacks, ${t.repeated} repeated, ${t.givenUp ?? 0} given up, ${t.bitrate / 1000 | 0} kbit/s`);
    }
    assert(made > 0 && m.frames * 2 > made, `of ${made} frames ${m.frames} were decoded`);
    assert(m.nacks > 0 && m.repeated > 0, 'nothing was repeated');
    const [video, sent] = [up, down].map((s) => s.tracks.find((t) => t.kind === 'video'));
    assert(video.lost > 0 && video.repeated > 0 && sent.repeated > 0, `the server repeated nothing: ${JSON.stringify([video, sent])}`);
    assert(video.givenUp * 4 <= video.lost, `of ${video.lost} packets that were lost the server gave ${video.givenUp} up`);
    for (const s of [up, down]) assert(s.rttMs >= 150, `a round trip takes ${s.rttMs} ms`);
    await until('the room is closed', () => room.close().then(() => true));
  };

  for (const words of CABLES) await test(`video goes on behind a bad cable: ${words}`, () => watch(words), 240000);
}
