// Firefox and Chromium in one session: payload types and extension ids differ between the two.
import { startFirefox } from './browsers.mjs';
import { Room } from './calls.mjs';
import { assert, equal, refusal } from './harness.mjs';

export default async function firefox({ runner, pages, chromium, server, short }) {
  const titles = (short ? ['kurento'] : ['kurento', 'mediasoup']).map((style) => [style, `Firefox, Chromium and an older client, ${style}`]);
  const FOXES = 'one to one, Firefox';
  const FOX_ALONE = 'a publisher that watches itself through the server: Firefox';
  const NO_H264 = 'H264 is forced, and Firefox has none: it is refused';
  const TRANSCODING = 'H264 is forced with transcoding allowed, and Firefox has none: it publishes and plays';
  const wanted = [...titles.map(([, t]) => t), FOXES, FOX_ALONE, NO_H264, TRANSCODING].some((t) => runner.wants(t));
  const fox = wanted ? await startFirefox() : null;

  for (const [style, title] of titles) {
    await runner.test(title, async () => {
      const room = await new Room({ visavis: await server(style), pages, browser: chromium }).create();
      await room.join('chrome');
      await room.join('older', { version: '2.29.0' });
      await room.join('fox', { browser: fox });
      await room.expect({ connectionCreated: 9, accessAllowed: 3, streamCreated: 9, streamPlaying: 9 }, 60000);
      for (const name of ['chrome', 'older', 'fox']) {
        equal((await room.events(name, 'streamPlaying')).length, 3, `streams that play at ${name}`);
      }
      await room.expectTracks(3, { audio: 1, video: 1 });
      await room.everybodySeesEverybody({ timeoutMs: 45000 });
      await room.leaveOneByOne();
    }, 120000);
  }

  await runner.test(FOXES, async () => {
    const room = await new Room({ visavis: await server(), pages, browser: fox, onePage: true }).create();
    await room.join('fox');
    await room.join('wolf');
    await room.expect({ connectionCreated: 4, accessAllowed: 2, streamCreated: 4, streamPlaying: 4 });
    await room.expectTracks(2, { audio: 1, video: 1 });
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    await room.leaveOneByOne();
  });

  await runner.test(FOX_ALONE, async () => {
    const room = await new Room({ visavis: await server(), pages, browser: fox }).create();
    await room.join('fox', { loopback: true });
    await room.expect({ connectionCreated: 1, accessAllowed: 1, streamCreated: 1, streamPlaying: 1 });
    await room.expectTracks(1, { audio: 1, video: 1 });
  });

  await runner.test(NO_H264, async () => {
    const room = await new Room({ visavis: await server(), pages, browser: fox }).create({ forcedVideoCodec: 'H264' });
    const refused = await refusal(room.join('fox'));
    assert(refused.includes("Error forcing codec: 'H264'"), `publishing: ${refused}`);
  });

  await runner.test(TRANSCODING, async () => {
    const room = await new Room({ visavis: await server(), pages, browser: fox, onePage: true })
      .create({ forcedVideoCodec: 'H264', allowTranscoding: true });
    await room.join('fox');
    await room.join('wolf');
    await room.expect({ streamPlaying: 4 });
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
  });

  await fox?.close();
}
