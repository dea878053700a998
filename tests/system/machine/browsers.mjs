// Chromium by Playwright, Firefox by Puppeteer over WebDriver BiDi, with fake devices. Certificates
// are really checked: Chromium trusts what stands in the databases below $HOME, Firefox what stands
// in the profile $FIREFOX_PROFILE.
import { chromium } from '../../e2e/node_modules/playwright-core/index.mjs';
import puppeteer from '../../e2e/node_modules/puppeteer-core/lib/esm/puppeteer/puppeteer-core.js';

const PATIENCE_MS = 20000;
const CHROMIUM_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'];
const FIREFOX_PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.gmp-manager.updateEnabled': false,
  'app.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};

// Both: open(tell) gives a page of its own context; tell() hears of what goes wrong in it.
export async function startChromium() {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM_ARGS });
  return {
    async open(tell) {
      const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, permissions: ['camera', 'microphone'] });
      const page = await context.newPage();
      page.on('pageerror', (e) => tell(e.message));
      page.on('requestfailed', (r) => tell(`${r.url()}: ${r.failure()?.errorText}`));
      return {
        addInitScript: (fn, arg) => page.addInitScript(fn, arg),
        goto: (url) => page.goto(url),
        fill: (selector, text) => page.fill(selector, text),
        click: (selector) => page.click(selector),
        waitForSelector: (selector) => page.waitForSelector(selector, { timeout: PATIENCE_MS }),
        evaluate: (fn) => page.evaluate(fn),
        screenshot: (path) => page.screenshot({ path }),
      };
    },
    close: () => browser.close(),
  };
}

export async function startFirefox() {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: process.env.FIREFOX_PROFILE,
    extraPrefsFirefox: FIREFOX_PREFERENCES,
  });
  return {
    async open(tell) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      page.on('pageerror', (e) => tell(e.message));
      return {
        addInitScript: (fn, arg) => page.evaluateOnNewDocument(fn, arg),
        goto: (url) => page.goto(url),
        async fill(selector, text) {
          await page.waitForSelector(selector, { visible: true, timeout: PATIENCE_MS });
          await page.type(selector, text);
        },
        async click(selector) {
          await page.waitForSelector(selector, { visible: true, timeout: PATIENCE_MS });
          await page.click(selector);
        },
        waitForSelector: (selector) => page.waitForSelector(selector, { visible: true, timeout: PATIENCE_MS }),
        evaluate: (fn) => page.evaluate(fn),
        screenshot: (path) => page.screenshot({ path }),
      };
    },
    close: () => browser.close(),
  };
}
