// Two people in a call through the Call app of a machine, for as long as its standard input says.
// Certificates are really checked: what is trusted stands in the certificate database below $HOME.
// usage: caller.mjs URL USER SECRET [--relay] [--firefox]
// stdin, a line each: "report" prints one JSON line, "shot FILE" takes a picture, "quit" ends.
import { createInterface } from 'node:readline';
import { startChromium, startFirefox } from './browsers.mjs';

const [url, user, secret, ...options] = process.argv.slice(2);
const relay = options.includes('--relay');

// Runs in the page before its own scripts: counts what must not happen, and samples what must go on.
function watch(relayOnly) {
  const seen = { socketsClosed: 0, socketsOpen: 0, statesLost: [], longestPauseMs: 0, frames: 0, relayed: 0, relayProtocols: [] };
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
    const relayProtocols = new Set();
    for (const pc of connections) {
      if (pc.connectionState === 'closed') { connections.delete(pc); continue; }
      const stats = await pc.getStats();
      for (const s of stats.values()) {
        if (s.type === 'inbound-rtp' && s.kind === 'video') frames += s.framesDecoded ?? 0;
        const local = s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded' ? stats.get(s.localCandidateId) : null;
        if (local?.candidateType === 'relay') {
          relayed += 1;
          relayProtocols.add(local.relayProtocol);
        }
      }
    }
    const now = performance.now();
    if (frames > seen.frames) {
      if (grewAt) seen.longestPauseMs = Math.max(seen.longestPauseMs, Math.round(now - grewAt));
      grewAt = now;
    } else if (grewAt) seen.longestPauseMs = Math.max(seen.longestPauseMs, Math.round(now - grewAt));
    seen.frames = frames;
    seen.relayed = relayed;
    seen.relayProtocols = [...relayProtocols];
  }, 100);
  window.watched = seen;
}

const browser = await (options.includes('--firefox') ? startFirefox() : startChromium());
const problems = [];

let current; // the page of the latest step, for the message of a failure

const room = `machine-test-${Date.now()}`; // the guests of the last call may not be gone yet

async function enter(name) {
  const page = await browser.open((problem) => problems.push(`${name}: ${problem}`));
  current = page;
  await page.addInitScript(watch, relay);
  await page.goto(`${url}/#/${room}`);
  if (user) {
    await page.fill('#login-username input', user);
    await page.fill('#login-password input', secret);
    await page.click('#form-login button');
  }
  await page.waitForSelector('#nickname-input');
  await page.fill('#nickname-input', name);
  await page.click('#join-btn');
  await page.waitForSelector('#room');
  return page;
}

const playing = (page) => page.evaluate(() => [...document.querySelectorAll('.tile video')].filter((v) => v.videoWidth > 0 && !v.paused && v.currentTime > 0).length);

async function report(pages) {
  const all = await Promise.all(pages.map((p) => p.evaluate(() => window.watched)));
  console.log(JSON.stringify({
    playing: await Promise.all(pages.map(playing)),
    frames: all.map((w) => w.frames),
    relayed: all.map((w) => w.relayed),
    relayProtocols: [...new Set(all.flatMap((w) => w.relayProtocols))],
    socketsOpened: all.reduce((n, w) => n + w.socketsOpen, 0),
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
    else if (word === 'shot') { await pages[0].screenshot(argument); console.log('shot'); }
    else if (word === 'quit') break;
  }
} catch (error) {
  const shown = await current?.evaluate(() => document.body.innerText).catch(String);
  console.log(`failed: ${error.message.split('\n')[0]} ${JSON.stringify(problems)} the page says: ${JSON.stringify(shown)}`);
  status = 1;
} finally {
  await browser.close();
}
process.exit(status);
