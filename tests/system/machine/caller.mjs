// Two people in a call through the Call app of a machine, for as long as its standard input says.
// Certificates are really checked: what is trusted stands in the certificate database below $HOME.
// usage: caller.mjs URL USER SECRET [--relay]
// stdin, a line each: "report" prints one JSON line, "shot FILE" takes a picture, "quit" ends.
import { createInterface } from 'node:readline';
import { chromium } from '../../e2e/node_modules/playwright-core/index.mjs';

const [url, user, secret, ...options] = process.argv.slice(2);
const relay = options.includes('--relay');
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'];

// Runs in the page before its own scripts: counts what must not happen, and samples what must go on.
function watch(relayOnly) {
  const seen = { socketsClosed: 0, socketsOpen: 0, statesLost: [], longestPauseMs: 0, frames: 0, relayed: 0 };
  const connections = new Set();
  const RealSocket = window.WebSocket;
  window.WebSocket = class extends RealSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener('open', () => { seen.socketsOpen += 1; });
      this.addEventListener('close', () => { seen.socketsClosed += 1; });
    }
  };
  const RealConnection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends RealConnection {
    constructor(config, ...rest) {
      super(relayOnly ? { ...config, iceTransportPolicy: 'relay' } : config, ...rest);
      connections.add(this);
      let up = false;
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') up = true;
        else if (up && this.connectionState !== 'closed') seen.statesLost.push(this.connectionState);
      });
    }
  };
  let grewAt = 0;
  setInterval(async () => {
    let frames = 0, relayed = 0;
    for (const pc of connections) {
      if (pc.connectionState === 'closed') { connections.delete(pc); continue; }
      const stats = await pc.getStats();
      for (const s of stats.values()) {
        if (s.type === 'inbound-rtp' && s.kind === 'video') frames += s.framesDecoded ?? 0;
        if (s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded' && stats.get(s.localCandidateId)?.candidateType === 'relay') relayed += 1;
      }
    }
    const now = performance.now();
    if (frames > seen.frames) {
      if (grewAt) seen.longestPauseMs = Math.max(seen.longestPauseMs, Math.round(now - grewAt));
      grewAt = now;
    } else if (grewAt) seen.longestPauseMs = Math.max(seen.longestPauseMs, Math.round(now - grewAt));
    seen.frames = frames;
    seen.relayed = relayed;
  }, 100);
  window.watched = seen;
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
const problems = [];

let current; // the page of the latest step, for the message of a failure

const room = `machine-test-${Date.now()}`; // the guests of the last call may not be gone yet

async function enter(name) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, permissions: ['camera', 'microphone'] });
  const page = await context.newPage();
  current = page;
  page.on('pageerror', (e) => problems.push(`${name}: ${e.message}`));
  page.on('requestfailed', (r) => problems.push(`${name}: ${r.url()}: ${r.failure()?.errorText}`));
  await page.addInitScript(watch, relay);
  await page.goto(`${url}/#/${room}`);
  if (user) {
    await page.fill('#login-username input', user);
    await page.fill('#login-password input', secret);
    await page.click('#form-login button');
  }
  await page.waitForSelector('#nickname-input', { timeout: 20000 });
  await page.fill('#nickname-input', name);
  await page.click('#join-btn');
  await page.waitForSelector('#room', { timeout: 20000 });
  return page;
}

const playing = (page) => page.$$eval('.tile video', (all) => all.filter((v) => v.videoWidth > 0 && !v.paused && v.currentTime > 0).length);

async function report(pages) {
  const all = await Promise.all(pages.map((p) => p.evaluate(() => window.watched)));
  console.log(JSON.stringify({
    playing: await Promise.all(pages.map(playing)),
    frames: all.map((w) => w.frames),
    relayed: all.map((w) => w.relayed),
    socketsClosed: all.reduce((n, w) => n + w.socketsClosed, 0),
    statesLost: all.flatMap((w) => w.statesLost),
    longestPauseMs: Math.max(...all.map((w) => w.longestPauseMs)),
    problems,
  }));
}

let status = 0;
try {
  const pages = [await enter('Ann'), await enter('Bob')];
  const end = Date.now() + 30000;
  while ((await Promise.all(pages.map(playing))).some((n) => n < 2)) {
    if (Date.now() > end) throw new Error(`no picture: ${JSON.stringify(problems)}`);
    await new Promise((r) => { setTimeout(r, 100); });
  }
  console.log('playing');
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, argument] = line.split(' ');
    if (word === 'report') await report(pages);
    else if (word === 'shot') { await pages[0].screenshot({ path: argument }); console.log('shot'); }
    else if (word === 'quit') break;
  }
} catch (error) {
  const shown = await current?.innerText('body').catch(String);
  console.log(`failed: ${error.message.split('\n')[0]} ${JSON.stringify(problems)} the page says: ${JSON.stringify(shown)}`);
  status = 1;
} finally {
  await browser.close();
}
process.exit(status);
