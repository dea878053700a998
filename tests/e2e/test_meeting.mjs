// Meetings at length. A picture that stands still may be the fault of a machine that is too busy to
// encode and decode that many; what must not be is that the server has a part in it. So each packet
// is followed: what a publisher sent is what the server took, and what the server sent on is what
// arrived, none is lost, and what arrives is decoded.
import { spawn } from 'node:child_process';
import { startChromium } from './browsers.mjs';
import { afterTest, assert, sleep, until } from './harness.mjs';
import { Room } from './calls.mjs';

const LOOK_MS = 5000;

// Sockets of a machine that is busy with all of these overflow now and then.
const few = (lost, of) => lost <= of / 1000;

// Participants that are no browsers: visavis-probe. Answers with what ends it and gives its report.
function ownClients({ build, url, session, n }) {
  const probe = spawn(`${build}/bin/visavis-probe`, [
    '--url', url, '--secret-file', '-', '--session', session, '--publishers', n, '--subscribers', 0, '--meet',
    '--duration', 3600, '--frame-rate', 15, '--video-rate', 200, '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  probe.stdout.on('data', (chunk) => { text += chunk; });
  probe.stdin.end('MY_SECRET');
  const closed = new Promise((resolve) => { probe.on('close', () => resolve(text)); });
  const end = () => { probe.kill('SIGTERM'); return closed; };
  afterTest(end);
  return async () => JSON.parse(await end());
}

// Packets of both kinds, as the server tells them of a publisher or subscriber.
const count = (stats, key) => stats.tracks.reduce((sum, t) => sum + t[key], 0);

export default async function meeting({ runner, pages, server, long, short, sanitized, buildFolder }) {
  // eachHas: browsers of one Chromium, each a page with a profile of its own. What Chromium does
  // once for them all (camera, microphone, network) is nearly half of the work of a small picture,
  // and of two that fill a machine one stands still for seconds, until its clients give up.
  const hold = async ({ browsers, eachHas, own, seconds, publish }) => {
    const visavis = await server();
    const room = await new Room({ visavis, pages }).create();
    const names = [...Array(browsers).keys()].map((i) => `browser${i}`);
    const everybody = browsers + own;
    const report = own > 0 ? ownClients({ build: buildFolder, url: visavis.url, session: room.id, n: own }) : null;
    let browser;
    for (const [i, name] of names.entries()) {
      if (i % eachHas === 0) {
        browser = await startChromium({ cameraRate: publish.frameRate });
        const { close } = browser;
        afterTest(() => close());
      }
      await room.join(name, { browser, publish });
      await room.e2e(name, 'hideVideos');
    }
    const look = () => Promise.all(names.map((name) => room.e2e(name, 'stats')));
    const serverLook = async () => {
      const { body } = await visavis.rest('GET', `/sessions/${room.id}?webRtcStats=true`);
      return new Map(body.connections.content.map((c) => [c.connectionId, c]));
    };
    // What its page was told, and what the server says of its WebSocket.
    const whyGone = async (name) => {
      const told = JSON.stringify(await room.events(name, 'sessionDisconnected'));
      const { id } = room.people.get(name);
      const log = visavis.output.split('\n').filter((line) => line.includes(id) && / (joined from|is (away|back|gone)|left)\b/.test(line));
      return [`${name} is not there any more: ${told}`, ...log].join('\n');
    };
    let before;
    await until('everybody decodes everybody else', async () => {
      before = await look();
      return before.every((s) => Object.values(s.remote).filter((r) => r.framesDecoded > 10).length === everybody - 1);
    }, 90000);

    // Pictures are decoded whenever packets came.
    let last = before;
    let stills = 0;
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      await sleep(Math.min(LOOK_MS, Math.max(end - Date.now(), 1)));
      const now = await look();
      for (const [i, s] of now.entries()) {
        for (const [id, r] of Object.entries(s.remote)) {
          const was = last[i].remote[id];
          if (r.videoReceived - was.videoReceived > 30 && r.framesDecoded === was.framesDecoded) {
            stills += 1;
            console.log(`        ${names[i]}: ${id} stands still: ${JSON.stringify([was, r])}`);
          }
        }
      }
      last = now;
    }

    // The server's counts before and after those of the browsers have them in between.
    const first = await serverLook();
    const middle = await look();
    await sleep(200);
    const second = await serverLook();
    const wrong = [];
    const between = (what, low, n, high) => { if (n < low || n > high) wrong.push(`${what}: ${n}, the server says ${low} to ${high}`); };
    const sums = { freezes: 0, frozenS: 0, decoded: 0, received: 0, dropped: 0, lost: 0, packets: 0 };
    for (const [i, name] of names.entries()) {
      const [a, b] = [first, second].map((m) => m.get(room.people.get(name).id));
      if (!a || !b) throw new Error(await whyGone(name));
      const s = middle[i];
      between(`${name} sent`, count(a.publishers[0].stats, 'packets'), s.own.videoSent + s.own.audioSent, Infinity);
      const [sent, missing] = ['packets', 'lost'].map((key) => count(b.publishers[0].stats, key));
      assert(few(missing, sent), `${missing} of ${sent} packets of ${name} were lost on their way to the server`);
      for (const sub of a.subscribers) {
        const r = s.remote[sub.streamId];
        const later = b.subscribers.find((x) => x.streamId === sub.streamId);
        between(`${name} has of ${sub.streamId}`, count(sub.stats, 'packets'),
          r.videoReceived + r.audioReceived + r.videoLost + r.audioLost, count(later.stats, 'packets'));
        sums.lost += r.videoLost + r.audioLost;
        sums.packets += r.videoReceived + r.audioReceived;
        for (const [sum, key] of [['freezes', 'freezes'], ['frozenS', 'frozenS'], ['decoded', 'framesDecoded'],
          ['received', 'framesReceived'], ['dropped', 'framesDropped']]) sums[sum] += r[key] - before[i].remote[sub.streamId][key];
      }
    }
    console.log(`        browsers: ${JSON.stringify({ ...sums, frozenS: Number(sums.frozenS.toFixed(1)) })}`);
    if (report) {
      const { totals, subscriptions, publishers } = await report();
      const gaps = subscriptions.map((s) => s.video.longestGapMs);
      console.log(`        our clients: ${JSON.stringify(totals)}, longest gap ${Math.max(...gaps).toFixed(0)} ms, ${publishers.length} publishers, ${subscriptions.length} subscriptions`);
      for (const t of [totals.video, totals.audio]) assert(few(t.lost, t.packets), `our clients miss packets: ${JSON.stringify(totals)}`);
      assert(subscriptions.length === own * (everybody - 1), `our clients have ${subscriptions.length} subscriptions`);
    }
    assert(wrong.length === 0, wrong.join('\n'));
    assert(few(sums.lost, sums.packets), `${sums.lost} of ${sums.packets} packets were lost on their way from the server`);
    assert(stills === 0, `${stills} times, packets came and no picture`);
    await room.close();
  };

  const test = short || sanitized ? (name) => runner.skip(name, 'it is about how much a machine can do')
    : (...args) => runner.test(...args);
  const seconds = long ? 300 : 15;
  await test('a meeting of two browsers and eight clients of our own',
    () => hold({ browsers: 2, eachHas: 1, own: 8, seconds, publish: { resolution: '320x240', frameRate: 15 } }), (seconds + 240) * 1000);
  if (long) {
    await test('a meeting of ten browsers',
      () => hold({ browsers: 10, eachHas: 10, own: 0, seconds, publish: { resolution: '160x120', frameRate: 7 } }), (seconds + 240) * 1000);
  }
}
