// Firefox and Chromium in one call.
import { startFirefox } from './browsers.mjs';
import { Room } from './calls.mjs';

export default async function firefox({ runner, pages, chromium, server, short }) {
  for (const style of short ? ['kurento'] : ['kurento', 'mediasoup']) {
    await runner.test(`Firefox and Chromium, ${style}`, async () => {
      const fox = await startFirefox();
      try {
        const room = await new Room({ visavis: await server(style), pages, browser: chromium, version: '2.32.2' }).create();
        await room.join('chrome');
        await room.join('fox', { browser: fox });
        await room.everybodySeesEverybody({ timeoutMs: 45000 });
        await room.close();
      } finally {
        await fox.close();
      }
    }, 120000);
  }
}
