// A private Call app: a second visavis-call, which asks for a password, beside the one of `visavis dev`.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { assert, equal, until } from './harness.mjs';
import { freePort } from './visavis.mjs';

const ARGS = ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--disable-background-networking'];

class PrivateCall {
  static async start(build, openviduUrl) {
    const c = new PrivateCall();
    const port = await freePort();
    c.url = `http://localhost:${port}`;
    c.dir = mkdtempSync(join(tmpdir(), 'visavis-call-'));
    c.config = join(c.dir, 'call.cfg');
    c.text = `listen = ["tcp:127.0.0.1:${port}"];\nopenvidu_url = "${openviduUrl}";\nopenvidu_secret = "MY_SECRET";\n`
      + `pages = "${build}/share/call";\nprivate_access = true;\nuser = "host";\n`;
    c.write('pass word');
    c.output = '';
    c.process = spawn(`${build}/bin/visavis-call`, ['--config', c.config], { stdio: ['ignore', 'ignore', 'pipe'] });
    c.process.stderr.on('data', (chunk) => { c.output += chunk; });
    c.exited = new Promise((resolve) => { c.process.on('exit', resolve); });
    await until('the private app is there', () => fetch(`${c.url}/call/config`).then((r) => r.ok, () => false));
    return c;
  }

  write(secret) {
    writeFileSync(this.config, `${this.text}secret = "${secret}";\n`, { mode: 0o600 });
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.exited;
    rmSync(this.dir, { recursive: true });
  }
}

export default async function callLogin({ runner, server, buildFolder: build }) {
  await runner.test('the Call app, private: a guest logs in on a phone, a wrong password is told, a new one asks again', async () => {
    const { url } = await server();
    const app = await PrivateCall.start(build, url);
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
    try {
      const context = await browser.newContext({ viewport: { width: 360, height: 640 }, permissions: ['camera', 'microphone'] });
      const page = await context.newPage();
      const problems = [];
      page.on('pageerror', (e) => problems.push(e.message));

      await page.goto(`${app.url}/#/team-room`);
      await page.waitForSelector('#form-login');
      assert(!await page.isVisible('#login-error'), 'an error before anything was typed');
      assert(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'the page is wider than the phone');
      assert(await page.$eval('#join-btn', (b) => b.getBoundingClientRect().bottom <= window.innerHeight), 'the button is out of sight');
      await page.fill('#login-username input', 'host');
      await page.fill('#login-password input', 'Pass word');
      await page.click('#join-btn');
      await page.waitForSelector('#login-error');
      equal(await page.textContent('#login-error'), 'Authentication failed. Try again.', 'what a wrong password says');

      await page.fill('#login-password input', 'pass word');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#nickname-input');
      assert(page.url().endsWith('#/team-room'), page.url());
      await page.click('#join-btn');
      await page.waitForSelector('#room');
      await until('his own picture', () => page.$$eval('.tile video', (all) => all.some((v) => v.videoWidth > 0)));
      equal(await page.evaluate(() => document.cookie), '', 'what scripts see of the cookie');
      const cookies = await context.cookies();
      equal(cookies.map((c) => [c.name, c.httpOnly, c.sameSite]), [['ovCallUserToken', true, 'Strict']], 'cookies');

      // The login stays for another page and another visit, until somebody logs out.
      await page.goto(`${app.url}/#/`);
      await page.reload();
      await page.waitForSelector('#form-session');
      assert((await page.textContent('#logout-content')).includes('Hi host'), 'greeting');
      await page.click('#logout-btn');
      await page.waitForSelector('#form-login');
      await page.reload();
      await page.waitForSelector('#form-login');

      // Another password while somebody is about to join: he is asked again, and lands where he wanted to go.
      await page.goto(`${app.url}/#/next-room`);
      await page.fill('#login-username input', 'host');
      await page.fill('#login-password input', 'pass word');
      await page.click('#join-btn');
      await page.waitForSelector('#nickname-input');
      app.write('other');
      app.process.kill('SIGHUP');
      await until('it is read again', () => app.output.includes('has been read again'));
      await page.click('#join-btn');
      await page.waitForSelector('#form-login');
      await page.fill('#login-username input', 'host');
      await page.fill('#login-password input', 'other');
      await page.click('#join-btn');
      await page.waitForSelector('#nickname-input');
      assert(page.url().endsWith('#/next-room'), page.url());
      equal(problems, [], 'errors in the page');
      assert(!/pass word/i.test(app.output), `a password in the log: ${app.output}`);
    } finally {
      await browser.close();
      await app.stop();
    }
  });
}
