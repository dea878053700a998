// The Call app as two people use it, on a desk and on a phone.
import { chromium } from 'playwright-core';
import { assert, equal, until } from './harness.mjs';

const ARGS = ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--disable-background-networking'];

export default async function callApp({ runner, server }) {
  await runner.test('the Call app: two people meet, mute, share a screen, leave', async () => {
    const { callUrl } = await server();
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
    const problems = [];
    const foreign = [];

    const visit = async (viewport, address) => {
      const page = await (await browser.newContext({ viewport, permissions: ['camera', 'microphone'] })).newPage();
      page.on('pageerror', (e) => problems.push(`${e.name}: ${e.message} ${e.stack}`));
      page.on('console', async (m) => {
        if (m.type() === 'error') problems.push(m.text(), ...await Promise.all(m.args().map((a) => a.evaluate((v) => v?.message ?? v).catch(String))));
      });
      page.on('request', (r) => { if (!['localhost', '127.0.0.1'].includes(new URL(r.url()).hostname) && /^http|^ws/.test(r.url())) foreign.push(r.url()); });
      await page.goto(address);
      return page;
    };
    const enter = async (page, name) => {
      await page.fill('#nickname-input', name);
      await page.click('#join-btn');
      await page.waitForSelector('#room');
    };
    const playing = (page) => page.$$eval('.tile video', (all) => all.filter((v) => v.videoWidth > 0 && !v.paused && v.currentTime > 0).length);
    const names = (page) => page.$$eval('.tile .who', (all) => all.map((n) => n.textContent).sort());

    try {
      const desk = await visit({ width: 1280, height: 800 }, callUrl);
      await desk.fill('#session-name-input', 'abc');
      await desk.click('#join-btn');
      assert(await desk.isVisible('#shortNameError'), 'a short name is refused');
      await desk.fill('#session-name-input', 'weekly call');
      await desk.click('#join-btn');
      await desk.waitForSelector('#nickname-input');
      assert(desk.url().endsWith('#/weekly-call'), desk.url());
      await enter(desk, 'Ann');

      const phone = await visit({ width: 390, height: 844 }, `${callUrl}/#/weekly-call`);
      await enter(phone, 'Çelik');
      await until('both play both', async () => await playing(desk) === 2 && await playing(phone) === 2);
      equal(await names(desk), ['Ann (you)', 'Çelik'].sort(), 'names');
      const overflow = await phone.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      assert(!overflow, 'the page is wider than the phone');

      await phone.click('#mic-btn');
      await phone.click('#camera-btn');
      await until('ann sees it', () => desk.$$eval('.tile:not(.own)', (t) => t.length === 1
        && !t[0].querySelector('.mic-off').hidden && !t[0].querySelector('.avatar').hidden));
      await phone.click('#camera-btn');
      await until('the picture is back', () => desk.$eval('.tile:not(.own) .avatar', (a) => a.hidden));

      await desk.click('#screenshare-btn');
      await until('the screen arrives', async () => (await names(phone)).includes('Ann · screen') && await playing(phone) === 3);
      await desk.click('#screenshare-btn');
      await until('and goes', async () => !(await names(phone)).includes('Ann · screen'));
      await desk.click('#screenshare-btn'); // a second time needs a new token
      await until('and comes again', async () => (await names(phone)).includes('Ann · screen'));

      // Before leaving: a client that has left may still hear of others, and says so on the console.
      equal(problems, [], 'errors in the pages');
      await desk.click('#leave-btn');
      await desk.waitForSelector('#form-session');
      await until('she is gone', async () => (await names(phone)).length === 1);
      equal(foreign, [], 'requests to other hosts');
    } finally {
      await browser.close();
    }
  });

  // The last guest may leave between somebody's token and his connection, and takes the session along.
  await runner.test('the Call app: the session ends while somebody is on his way in', async () => {
    const visavis = await server();
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
    try {
      const page = await (await browser.newContext({ permissions: ['camera', 'microphone'] })).newPage();
      let entered = 0;
      await page.route('**/sessions', async (route) => {
        const response = await route.fetch();
        entered += 1;
        if (entered === 1) equal((await visavis.rest('DELETE', '/sessions/ending-room')).status, 204, 'it ends');
        await route.fulfill({ response });
      });
      await page.goto(`${visavis.callUrl}/#/ending-room`);
      await page.fill('#nickname-input', 'Ann');
      await page.click('#join-btn');
      await until('the picture', () => page.$$eval('.tile video', (all) => all.some((v) => v.videoWidth > 0)));
      const { body } = await visavis.rest('GET', '/sessions/ending-room/connection');
      equal(body.content.filter((c) => c.status === 'active').length, 1, 'in the new session');
      equal(entered, 2, 'tokens');
    } finally {
      await browser.close();
    }
  });
}
