// A participant that behaves as openvidu-browser does when its socket is lost: it comes back with
// `connect`, and what it had asked without hearing the answer it finds out.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { sleep } from '../../conformance/kit.mjs';

const WebSocket = createRequire(new URL('../../conformance/package.json', import.meta.url))('ws');
const sdp = (name) => readFileSync(new URL(`../../fuzz/corpus/sdp/${name}.sdp`, import.meta.url), 'utf8');
const PUBLISH = sdp('chromium_publish');
const SUBSCRIBE = sdp('chromium_subscribe');
const RETRY_MS = 500; // the original's 3 s would make this test longer and no harder
const PING_MS = 5000;
const ANSWER_MS = 20000;

export class Client {
  // world: the model (model.mjs) and where the server is.
  constructor(world, session, stays) {
    Object.assign(this, { world, session, stays });
    this.socket = null;
    this.id = null; // while it is in the session
    this.stream = null;
    this.videoActive = true;
    this.leaving = false;
    this.next = 0;
    this.reconnecting = false;
    this.back = Promise.resolve(true); // is it (again) in the session?
  }

  // ---- the socket ----

  open() {
    return new Promise((resolve) => {
      const ws = new WebSocket(`ws://127.0.0.1:${this.world.port}/openvidu?sessionId=${this.session}`);
      ws.waiting = new Map(); // for answers, by id
      ws.on('open', () => resolve(ws));
      ws.on('error', () => resolve(null));
      ws.on('message', (text) => this.take(ws, JSON.parse(text)));
      ws.on('close', () => this.lost(ws));
    });
  }

  take(ws, message) {
    if (message.method === 'participantEvicted' && message.params.connectionId === this.id) {
      this.world.violation(`${this.id} was evicted: ${message.params.reason}`);
    }
    if (!message.method) ws.waiting.get(message.id)?.(message);
  }

  lost(ws) {
    if (ws === this.socket) {
      this.socket = null;
      if (this.id && !this.reconnecting) this.back = this.reconnect();
    }
    for (const resolve of ws.waiting.values()) resolve({ lost: true });
  }

  // {result}, {error}, or {lost}: the socket ended before the answer.
  async call(method, params = {}, ws = this.socket) {
    if (ws?.readyState !== WebSocket.OPEN) return { lost: true };
    const id = this.next;
    this.next += 1;
    const answer = new Promise((resolve) => { ws.waiting.set(id, resolve); });
    ws.send(JSON.stringify({ jsonrpc: '2.0', method, params, id }));
    const timer = setTimeout(() => {
      this.world.violation(`${method} of ${this.id} was not answered within ${ANSWER_MS} ms`);
      ws.terminate();
    }, ANSWER_MS);
    const got = await answer;
    clearTimeout(timer);
    ws.waiting.delete(id);
    this.world.counts[got.lost ? 'unanswered' : 'answered'] += 1;
    return got;
  }

  // Until it is known: does the server still have this participant? One at a time.
  async reconnect() {
    this.reconnecting = true;
    for (;;) {
      const ws = await this.open();
      this.socket = ws;
      const got = ws ? await this.call('connect', { sessionId: this.rpcSession, reconnect: true }, ws) : { lost: true };
      if (got.result && this.socket === ws) {
        this.reconnecting = false;
        this.world.counts.reconnected += 1;
        void this.call('ping', { interval: PING_MS });
        return true;
      }
      if (got.error) {
        if (!this.leaving) this.world.violation(`${this.id} was lost: ${got.error.code} ${got.error.message}`);
        this.reconnecting = false;
        this.forget();
        return false;
      }
      await sleep(RETRY_MS);
    }
  }

  forget() {
    if (this.id) this.world.left(this);
    this.id = null;
    this.stream = null;
    this.socket?.terminate();
    this.socket = null;
  }

  // The answer, asked again until there is one, and how often; null when it is not in the session any more.
  async insist(method, params) {
    for (let asked = 1; ; asked += 1) {
      if (!(await this.back)) return null;
      const got = await this.call(method, params);
      if (!got.lost) return { ...got, asked };
      await sleep(10);
    }
  }

  // ---- what people do ----

  async join() {
    this.leaving = false;
    while (!this.world.stopping) {
      const made = await this.world.token(this.session);
      const ws = made && await this.open();
      if (!ws) {
        await sleep(RETRY_MS);
        continue;
      }
      this.socket = ws;
      await this.call('ping', { interval: PING_MS });
      const got = await this.call('joinRoom', {
        token: made.token, session: this.session, platform: 'Chrome 114.0.0.0 on Linux 64-bit', sdkVersion: '2.32.2',
        metadata: made.connectionId, secret: '', recorder: false, stt: false,
      });
      if (got.result) {
        this.id = got.result.id;
        this.rpcSession = got.result.sessionId;
        this.stream = null;
        this.back = Promise.resolve(true);
        this.world.joined(this);
        if (got.result.id !== made.connectionId) this.world.violation(`${made.connectionId} became ${this.id}`);
        if (ws.readyState !== WebSocket.OPEN) this.back = this.reconnect();
        return;
      }
      // not known whether it is in: then it is a ghost that ends by itself; or the session ended before it
      if (got.lost) this.world.unknown.add(made.connectionId);
      else if (![202, 203, 401].includes(got.error.code)) this.world.violation(`joinRoom: ${JSON.stringify(got.error)}`);
      this.socket = null;
      ws.terminate();
      await sleep(RETRY_MS);
    }
  }

  async leave() {
    this.leaving = true;
    const got = await this.insist('leaveRoom');
    if (got?.error) this.world.violation(`leaveRoom: ${JSON.stringify(got.error)}`);
    if (!this.id) return;
    const ws = this.socket;
    this.socket = null;
    this.forget();
    ws?.close(4102, 'Connection closed by client');
  }

  async publish() {
    const got = await this.call('publishVideo', {
      sdpOffer: PUBLISH, doLoopback: false, hasAudio: true, hasVideo: true, audioActive: true, videoActive: true,
      typeOfVideo: 'CAMERA', frameRate: 30, videoDimensions: '{"width":640,"height":480}',
    });
    if (got.result) {
      this.stream = got.result.id;
      this.videoActive = true;
      this.world.published(this);
    } else if (got.lost) {
      await this.unpublish(); // if it was published, in the end
    } else {
      this.world.violation(`publishVideo of ${this.id}: ${JSON.stringify(got.error)}`);
    }
  }

  async unpublish() {
    const had = this.stream;
    const got = await this.insist('unpublishVideo');
    if (!got) return;
    this.stream = null;
    if (got.error && (got.error.code !== 105 || (had && got.asked === 1))) {
      this.world.violation(`unpublishVideo of ${this.id}: ${JSON.stringify(got.error)}`);
    }
  }

  async change() {
    const videoActive = !this.videoActive;
    const got = await this.insist('streamPropertyChanged', {
      streamId: this.stream, property: 'videoActive', newValue: videoActive, reason: 'publishVideo',
    });
    if (!got) return;
    if (got.error) this.world.violation(`streamPropertyChanged of ${this.id}: ${JSON.stringify(got.error)}`);
    else this.videoActive = videoActive;
  }

  async signal() {
    const data = this.world.signalText();
    const got = await this.call('sendMessage', { message: JSON.stringify({ to: [], data, type: 'signal:chat' }) });
    if (got.result) this.world.signals.add(data);
    else if (got.error) this.world.violation(`sendMessage of ${this.id}: ${JSON.stringify(got.error)}`);
  }

  async watch(other) {
    const { stream } = other;
    if (!stream) return undefined;
    const got = await this.call('receiveVideoFrom', { sender: stream, sdpOffer: SUBSCRIBE });
    if (got.error && other.stream === stream && this.id) {
      await sleep(100); // somebody may have left in this very moment
      if (other.stream === stream) this.world.violation(`receiveVideoFrom ${stream}: ${JSON.stringify(got.error)}`);
    }
    if (got.lost && !(await this.back)) return got;
    await this.insist('unsubscribeFromVideo', { sender: other.id });
    return got;
  }

  ping() {
    if (this.socket && this.id) void this.call('ping');
  }
}
