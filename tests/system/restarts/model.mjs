// Who should be there, what should have been told: noted as the clients hear of it.
import { basic, SECRET } from '../../conformance/kit.mjs';

export class World {
  constructor(port) {
    this.port = port;
    this.participants = new Map(); // by connection id, of all times: {session, left, streams}
    this.present = new Map(); // by connection id: the client
    this.unknown = new Set(); // connection ids whose joinRoom was not answered
    this.signals = new Set(); // those that were answered
    this.violations = [];
    this.counts = { answered: 0, unanswered: 0, reconnected: 0, joined: 0, left: 0, published: 0 };
    this.nSignals = 0;
    this.stopping = false;
  }

  violation(text) {
    this.violations.push(`${new Date().toISOString().slice(11, 23)} ${text}`);
  }

  signalText() {
    this.nSignals += 1;
    return `signal ${this.nSignals}`;
  }

  joined(client) {
    this.counts.joined += 1;
    if (this.participants.has(client.id)) this.violation(`${client.id} joined twice`);
    this.participants.set(client.id, { session: client.session, left: false, streams: [] });
    this.present.set(client.id, client);
  }

  left(client) {
    this.counts.left += 1;
    this.participants.get(client.id).left = true;
    this.present.delete(client.id);
  }

  published(client) {
    this.counts.published += 1;
    this.participants.get(client.id).streams.push(client.stream);
  }

  // {status, json}, or null where there was no answer.
  async rest(method, path, body) {
    try {
      const rs = await fetch(`http://127.0.0.1:${this.port}/openvidu/api/${path}`, {
        method,
        headers: { Authorization: basic(SECRET), 'Content-Type': 'application/json' },
        body: body && JSON.stringify(body),
      });
      const text = await rs.text();
      return { status: rs.status, json: text ? JSON.parse(text) : null };
    } catch {
      return null;
    }
  }

  // Makes the session where it is not there. Null: try again (503: media has not been heard of yet).
  async token(session) {
    const made = await this.rest('POST', 'sessions', { customSessionId: session });
    if (!made) return null;
    if (![200, 409, 503].includes(made.status)) this.violation(`POST sessions: ${made.status}`);
    const got = await this.rest('POST', `sessions/${session}/connection`, { data: 'server data' });
    if (got && ![200, 404, 503].includes(got.status)) this.violation(`POST connection: ${got.status}`);
    return got?.status === 200 ? got.json : null;
  }

  // What REST tells against what the clients know; a list of differences.
  async compare() {
    const { json } = await this.rest('GET', 'sessions');
    const differences = [];
    const there = new Set();
    for (const session of json.content) {
      for (const c of session.connections.content.filter((k) => k.status === 'active')) {
        const client = this.present.get(c.connectionId);
        there.add(c.connectionId);
        if (!client) differences.push(`${c.connectionId} in ${session.id} is nobody's`);
        else if (client.session !== session.id) differences.push(`${c.connectionId} is in ${session.id}`);
        const streams = c.publishers.map((p) => p.streamId);
        if (client && streams.join() !== (client.stream ?? '')) differences.push(`${c.connectionId} publishes ${streams}, not ${client.stream}`);
        if (client?.stream && c.publishers[0]?.mediaOptions.videoActive !== client.videoActive) {
          differences.push(`${client.stream} has not videoActive ${client.videoActive}`);
        }
      }
    }
    for (const id of this.present.keys()) if (!there.has(id)) differences.push(`${id} is not there`);
    return differences;
  }
}
