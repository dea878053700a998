// The tutorials: a page by openvidu-browser 2.29.0, and its back end by openvidu-node-client 2.29.0.
import { createRequire } from 'node:module';
import { afterTest, assert, equal } from './harness.mjs';
import { Room } from './calls.mjs';
import { tutorialBackEnd } from './tutorial_back_end.mjs';

const { OpenVidu } = createRequire(import.meta.url)('openvidu-node-client-2-29-0');

export default async function tutorialTests({ runner, pages, chromium, server }) {
  await runner.test('the tutorial: session, then connection per user, with nothing changed but URL and secret', async () => {
    const visavis = await server();
    const app = await tutorialBackEnd(OpenVidu, visavis.url, 'MY_SECRET');
    afterTest(async () => app.close());
    const post = async (path, body) => {
      const response = await fetch(app.url + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
      const text = await response.text();
      assert(response.status === 200, `POST ${path}: ${response.status} ${text}`);
      return text;
    };
    const room = new Room({ visavis, pages, browser: chromium, version: '2.29.0' });
    afterTest(() => room.close());
    // Everybody who comes does both.
    const join = async (name) => {
      room.id = await post('api/sessions', { customSessionId: 'TutorialSession' });
      equal(room.id, 'TutorialSession', 'the session');
      return room.join(name, { token: await post(`api/sessions/${room.id}/connections`, {}), data: JSON.stringify({ clientData: name }) });
    };
    const ann = await join('ann');
    await join('ben');
    await room.everybodySeesEverybody();
    equal((await room.events('ben', 'connectionCreated')).find((e) => e.id === ann.id).data, '{"clientData":"ann"}', 'what ben knows of ann');
    await room.noErrors();
    for (const name of ['ann', 'ben']) await room.leave(name);
    // The back end still has the session, which is gone: as in the original it is made anew.
    await join('cem');
    await room.leave('cem');
  });
}
