// Calls between Chromium pages: both clients, both negotiation styles, codecs, screen, mute.
import { assert, equal, median, until } from './harness.mjs';
import { Room } from './calls.mjs';
import { VERSIONS } from './pages.mjs';

export default async function calls({ runner, pages, chromium, server, short }) {
  const versions = short ? ['2.32.2'] : VERSIONS;

  for (const style of ['kurento', 'mediasoup']) {
    for (const version of versions) {
      await runner.test(`three participants, client ${version}, ${style}`, async () => {
        const room = await new Room({ visavis: await server(style), pages, browser: chromium, version }).create();
        for (const name of ['ann', 'ben', 'cem']) await room.join(name);
        await room.everybodySeesEverybody();
        await room.noErrors();
        await room.close();
      });
    }
  }

  for (const codec of short ? ['VP8'] : ['VP8', 'VP9', 'H264']) {
    await runner.test(`forced ${codec}`, async () => {
      const room = await new Room({ visavis: await server(), pages, browser: chromium, version: '2.32.2' })
        .create({ forcedVideoCodec: codec });
      await room.join('ann');
      await room.join('ben');
      await room.everybodySeesEverybody({ check: (s, name) => equal(s.codec, `video/${codec}`, `${name}: codec`) });
      await room.close();
    });
  }

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

  await runner.test('audio only and video only', async () => {
    const room = await new Room({ visavis: await server(), pages, browser: chromium, version: '2.32.2' }).create();
    await room.join('watcher', { publish: false });
    await room.join('voice', { publish: { videoSource: false } });
    await room.join('picture', { publish: { audioSource: false } });
    await until('both arrive', async () => {
      const remote = Object.values((await room.e2e('watcher', 'stats')).remote);
      return remote.some((s) => s.audioReceived > 20 && s.framesDecoded === 0)
        && remote.some((s) => s.framesDecoded > 20 && s.audioReceived === 0);
    });
    const created = await room.events('watcher', 'streamCreated');
    assert(created.some((e) => e.id.startsWith('str_MIC_') && !e.video), `no audio-only stream: ${JSON.stringify(created)}`);
    await room.close();
  });

  await runner.test('mute and unmute are seen by the others', async () => {
    const room = await new Room({ visavis: await server(), pages, browser: chromium, version: '2.32.2' }).create();
    await room.join('ann');
    await room.join('ben');
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    await room.e2e('ann', 'mute', 'video', false);
    await room.e2e('ann', 'mute', 'audio', false);
    await until('both changes', async () => (await room.events('ben', 'streamPropertyChanged')).length === 2);
    const seen = (await room.events('ben', 'streamPropertyChanged')).map((e) => [e.property, e.value, e.reason]);
    equal(seen, [['videoActive', false, 'publishVideo'], ['audioActive', false, 'publishAudio']], 'what ben saw');
    await room.close();
  });

  await runner.test('unpublish and publish again', async () => {
    const room = await new Room({ visavis: await server(), pages, browser: chromium, version: '2.32.2' }).create();
    await room.join('ann');
    await room.join('ben', { publish: false });
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    await room.e2e('ann', 'unpublish');
    await until('ben is told', async () => (await room.events('ben', 'streamDestroyed')).length === 1);
    equal((await room.events('ben', 'streamDestroyed'))[0].reason, 'unpublish', 'reason');
    await room.e2e('ann', 'publish', {});
    await room.everybodySeesEverybody();
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
