// A webhook's receiver: takes every event, and gives them out in their order.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { afterTest, assert, equal, until } from './harness.mjs';

export class Hook {
  // Goes away with the test.
  static async start() {
    const hook = new Hook();
    Object.assign(hook, { events: [], headers: [], given: 0 });
    // A path of its own: somebody may still try to reach one who had the port before.
    const path = `/hook-${randomUUID()}`;
    const server = createServer(async (request, response) => {
      let text = '';
      if (request.url !== path) {
        response.writeHead(404).end();
        return;
      }
      for await (const chunk of request) text += chunk;
      hook.events.push(JSON.parse(text));
      hook.headers.push(request.headers);
      response.writeHead(200);
      response.end();
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    afterTest(async () => { server.closeAllConnections(); server.close(); });
    hook.url = `http://127.0.0.1:${server.address().port}${path}`;
    return hook;
  }

  // The next events, as many as there are names, which must be theirs.
  async next(...names) {
    await until(`events ${names.join(', ')}`, () => this.events.length >= this.given + names.length, 30000)
      .catch((e) => { throw new Error(`${e.message}, but ${JSON.stringify(this.events.slice(this.given))}`); });
    const events = this.events.slice(this.given, this.given + names.length);
    equal(events.map((e) => e.event), names, 'events');
    this.given += names.length;
    return events;
  }

  // All up to the first of that name.
  async upTo(name) {
    const end = () => this.events.findIndex((e, i) => i >= this.given && e.event === name) + 1;
    const events = this.events.slice(this.given, await until(`event ${name}`, end, 60000));
    this.given += events.length;
    return events;
  }

  // The stable id of each request, which counts up.
  ids() {
    return this.headers.map((h) => h['x-visavis-event-id']);
  }

  nothingMore() {
    assert(this.events.length === this.given, `more events: ${JSON.stringify(this.events.slice(this.given))}`);
  }
}
