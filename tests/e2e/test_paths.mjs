// The way that media takes: through the TURN server alone.
import { equal } from './harness.mjs';
import { Room } from './calls.mjs';

export default async function paths({ runner, pages, chromium, server }) {
  await runner.test('relay only, through visavis-turn', async () => {
    const room = await new Room({ visavis: await server(), pages, browser: chromium, version: '2.32.2' }).create();
    const advanced = { rtcConfiguration: { iceTransportPolicy: 'relay' } };
    await room.join('ann', { advanced });
    await room.join('ben', { advanced });
    await room.everybodySeesEverybody({ check: (s, name) => equal(s.local, 'relay', `${name}: selected local candidate`) });
    await room.close();
  });
}
