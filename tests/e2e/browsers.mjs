// Chromium by Playwright, Firefox by Puppeteer over WebDriver BiDi, both with fake devices.
// A page is {e2e(fn, ...args), close()}: calls window.e2e[fn].
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

export const CHROMIUM = '/usr/bin/chromium';
export const FIREFOX = '/usr/bin/firefox-esr';

const CHROMIUM_ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  '--auto-select-desktop-capture-source=Entire screen', '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
];

// wrapper: a command that runs Chromium in another way. trusted: an origin that counts as secure.
// cameraRate: pictures a second of its fake camera.
export async function startChromium({ wrapper, trusted, cameraRate } = {}) {
  const args = [...CHROMIUM_ARGS,
    ...(trusted ? [`--unsafely-treat-insecure-origin-as-secure=${trusted}`] : []),
    ...(cameraRate ? [`--use-fake-device-for-media-stream=fps=${cameraRate}`] : [])];
  const process = await chromium.launchServer({ executablePath: wrapper ?? CHROMIUM, args, headless: true });
  const browser = await chromium.connect(process.wsEndpoint());
  return {
    async open(url) {
      const page = await browser.newPage();
      const log = [];
      page.on('console', (m) => { if (m.type() === 'error') log.push(m.text()); });
      page.on('pageerror', (e) => log.push(String(e)));
      await page.goto(url);
      await page.waitForFunction(() => document.title === 'ready');
      return {
        log,
        e2e: (fn, ...args) => page.evaluate(([f, a]) => window.e2e[f](...a), [fn, args]),
        close: () => page.close(),
      };
    },
    kill: () => process.kill(), // at once, and all that belongs to it
    close: () => process.close(),
  };
}

// wrapper: a command that runs Firefox in another way. trusted: pages from anywhere get the camera.
// port: of its debugger, as it is reached from here.
export async function startFirefox({ wrapper, trusted, port } = {}) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: wrapper ?? FIREFOX,
    ...(port ? { debuggingPort: port } : {}),
    headless: true,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      'network.dns.disableIPv6': false,
      'media.gmp-manager.updateEnabled': false,
      'app.update.enabled': false,
      ...(trusted ? { 'media.devices.insecure.enabled': true, 'media.getusermedia.insecure.enabled': true } : {}),
      'media.peerconnection.ice.obfuscate_host_addresses': false, // getStats() tells them
    },
  });
  return {
    async open(url) {
      const page = await browser.newPage();
      const log = [];
      page.on('console', (m) => { if (m.type() === 'error') log.push(m.text()); });
      await page.goto(url);
      await page.waitForFunction(() => document.title === 'ready');
      return {
        log,
        e2e: (fn, ...args) => page.evaluate((f, a) => window.e2e[f](...a), fn, args),
        close: () => page.close(),
      };
    },
    close: () => browser.close(),
  };
}
