// The video codec that a session forces is the one on every connection.
import { equal } from './harness.mjs';
import { Room } from './calls.mjs';

export default async function codecs({ runner, pages, chromium, server, short }) {
  const everywhere = async (properties, codec, style) => {
    const visavis = await server(style);
    const room = await new Room({ visavis, pages, browser: chromium, onePage: true }).create(properties);
    const told = (await visavis.rest('GET', `/sessions/${room.id}`)).body;
    equal([told.forcedVideoCodec, told.allowTranscoding],
      [properties.forcedVideoCodec ?? 'MEDIA_SERVER_PREFERRED', properties.allowTranscoding ?? false], 'what the session says');
    await room.join('ann');
    await room.join('ben');
    let connections = 0;
    await room.everybodySeesEverybody({
      frames: 5, audio: 5, check: (s, name) => { connections += 1; equal(s.codec, `video/${codec}`, `${name}: codec`); },
    });
    equal(connections, 4, 'connections');
  };

  await runner.test('no codec asked for: VP8 on all four connections', () => everywhere({}, 'VP8'));

  for (const codec of short ? ['VP8'] : ['VP8', 'VP9', 'H264']) {
    for (const allowTranscoding of [false, true]) {
      await runner.test(`forced ${codec}, transcoding ${allowTranscoding ? 'allowed' : 'not allowed'}`,
        () => everywhere({ forcedVideoCodec: codec, allowTranscoding }, codec));
    }
  }

  await runner.test('forced H264, mediasoup', () => everywhere({ forcedVideoCodec: 'H264' }, 'H264', 'mediasoup'));
}
