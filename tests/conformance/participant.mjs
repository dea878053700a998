// A participant as far as the server sees one: the RPC of a WebSocket, offers that browsers made, and
// the connectivity checks of ICE (no media).
import { createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { crc32 } from './crc32.mjs';
import WebSocket from 'ws';

const sdp = (name) => readFileSync(new URL(`../fuzz/corpus/sdp/${name}.sdp`, import.meta.url), 'utf8');

export const OFFERS = {
  publish: sdp('chromium_publish'),
  publishAudio: sdp('chromium_publish_audio'),
  subscribe: sdp('chromium_subscribe'),
  subscribeAudio: sdp('chromium_subscribe_audio'),
};

export class Participant {
  static async join(server, token, { data = '', platform = 'Chrome 114.0.0.0 on Linux 64-bit', sdkVersion = '2.29.0' } = {}) {
    const p = new Participant();
    p.ws = new WebSocket(`ws://127.0.0.1:${server.port}/openvidu?sessionId=x`);
    p.next = 0;
    p.waiting = new Map();
    p.notices = [];
    p.closed = once(p.ws, 'close');
    p.ws.on('message', (text) => p.take(JSON.parse(text)));
    await once(p.ws, 'open');
    await p.call('ping', { interval: 5000 });
    const { searchParams } = new URL(token);
    p.joined = await p.call('joinRoom', {
      token, session: searchParams.get('sessionId'), platform, sdkVersion, metadata: data, secret: '', recorder: false, stt: false,
    });
    p.id = p.joined.id;
    return p;
  }

  take(message) {
    const waiting = this.waiting.get(message.id);
    if (message.method) this.notices.push(message);
    else if (message.error) waiting.reject(Object.assign(new Error(message.error.message), { code: message.error.code }));
    else waiting.resolve(message.result);
    this.waiting.delete(message.id);
  }

  call(method, params = {}) {
    const id = this.next;
    this.next += 1;
    this.ws.send(JSON.stringify({ jsonrpc: '2.0', method, params, id }));
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      setTimeout(() => reject(new Error(`${method}: no answer`)), 10000).unref();
    });
  }

  told(method) {
    return this.notices.filter((n) => n.method === method).map((n) => n.params);
  }

  async publish(more = {}) {
    this.published = await this.call('publishVideo', {
      sdpOffer: OFFERS.publish, doLoopback: false, hasAudio: true, hasVideo: true, audioActive: true, videoActive: true,
      typeOfVideo: 'CAMERA', frameRate: 30, videoDimensions: '{"width":640,"height":480}', ...more,
    });
    return this.published.id;
  }

  subscribe(sender, sdpOffer = OFFERS.subscribe) {
    return this.call('receiveVideoFrom', { sender, sdpOffer });
  }

  async leave() {
    await this.call('leaveRoom');
    this.close();
    await this.closed;
  }

  close() {
    this.ws.close(4102, 'Connection closed by client');
  }
}

const value = (text, name) => new RegExp(`^a=${name}:(.*)\r$`, 'm').exec(text)[1];

function attribute(type, bytes) {
  const padded = Buffer.alloc(4 + Math.ceil(bytes.length / 4) * 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(bytes.length, 2);
  bytes.copy(padded, 4);
  return padded;
}

function uint32(n) {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(n >>> 0);
  return b;
}

function stunHeader(length, id) {
  const b = Buffer.alloc(20);
  b.writeUInt16BE(0x0001, 0);
  b.writeUInt16BE(length, 2);
  b.writeUInt32BE(0x2112a442, 4);
  id.copy(b, 8);
  return b;
}

// A binding request that nominates (RFC 8445 section 7.2.2).
function connectivityCheck(offer, answer, priority) {
  const id = randomBytes(12);
  let body = Buffer.concat([
    attribute(0x0006, Buffer.from(`${value(answer, 'ice-ufrag')}:${value(offer, 'ice-ufrag')}`)),
    attribute(0x0024, uint32(priority)),
    attribute(0x802a, randomBytes(8)),
    attribute(0x0025, Buffer.alloc(0)),
  ]);
  const hmac = createHmac('sha1', value(answer, 'ice-pwd')).update(stunHeader(body.length + 24, id)).update(body).digest();
  body = Buffer.concat([body, attribute(0x0008, hmac)]);
  const crc = crc32(Buffer.concat([stunHeader(body.length + 8, id), body])) ^ 0x5354554e;
  body = Buffer.concat([body, attribute(0x8028, uint32(crc))]);
  return Buffer.concat([stunHeader(body.length, id), body]);
}

// Sends a check to the server's loopback candidate until it is answered; where it came from.
export async function checkConnectivity(offer, answer, priority = 1845501695) {
  const candidate = [...answer.matchAll(/^a=candidate:(.*)\r$/gm)].map((m) => m[1].split(' ')).find((c) => c[4] === '127.0.0.1');
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const answered = once(socket, 'message');
  const send = () => socket.send(connectivityCheck(offer, answer, priority), Number(candidate[5]), candidate[4]);
  const again = setInterval(send, 500);
  send();
  const [reply] = await answered;
  clearInterval(again);
  const from = socket.address();
  socket.close();
  if (reply.readUInt16BE(0) !== 0x0101) throw new Error('the check was refused');
  return { ip: from.address, port: from.port, priority };
}
