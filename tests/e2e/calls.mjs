// What the tests do again and again: people in a room, and whether media really flows.
import { afterTest, assert, equal, until } from './harness.mjs';

export class Room {
  constructor({ visavis, pages, browser, version }) {
    Object.assign(this, { visavis, pages, browser, version, people: new Map() });
  }

  async create(properties) {
    this.id = await this.visavis.session(properties);
    afterTest(() => this.close());
    return this;
  }

  // options: role, publish (false: subscribe only), advanced, browser, version, data
  async join(name, options = {}) {
    const browser = options.browser ?? this.browser;
    const page = await browser.open(this.pages.url(options.version ?? this.version));
    const token = await this.visavis.token(this.id, { role: options.role ?? 'PUBLISHER' });
    const person = { name, page, publishes: options.publish !== false };
    this.people.set(name, person);
    person.id = await page.e2e('join', name, {
      token, publish: options.publish === false ? null : options.publish ?? {}, advanced: options.advanced, data: options.data,
    });
    return person;
  }

  e2e(name, fn, ...args) {
    return this.people.get(name).page.e2e(fn, name, ...args);
  }

  // Everybody has all candidates. A connection that is closed before gets its TURN allocation when
  // it is gone, so that nobody ends it before its ten minutes are over.
  async gathered() {
    for (const { name } of this.people.values()) {
      await until(`${name} has gathered`, async () => {
        const { own, remote } = await this.e2e(name, 'stats');
        return [own, ...Object.values(remote)].every((s) => !s || s.gathering === 'complete');
      });
    }
  }

  // keepPage: the page stays open, for joinAgain().
  async leave(name, { keepPage = false } = {}) {
    const person = this.people.get(name);
    await this.e2e(name, 'leave');
    if (!keepPage) await person.page.close();
    this.people.delete(name);
    return person;
  }

  async joinAgain(person) {
    const token = await this.visavis.token(this.id);
    person.id = await person.page.e2e('join', person.name, { token, publish: {} });
    this.people.set(person.name, person);
  }

  async events(name, type) {
    return (await this.e2e(name, 'events')).filter((e) => e.type === type);
  }

  // Everybody receives every other publisher: more than 30 decoded frames and audio packets each.
  async everybodySeesEverybody({ frames = 30, audio = 20, timeoutMs = 30000, check } = {}) {
    const publishers = [...this.people.values()].filter((p) => p.publishes).length;
    for (const { name, publishes } of this.people.values()) {
      const wanted = publishers - (publishes ? 1 : 0);
      let last;
      await until(`${name} decodes ${wanted} streams`, async () => {
        last = await this.e2e(name, 'stats');
        const remote = Object.values(last.remote);
        return remote.length === wanted && (!last.own || last.own.state === 'connected')
          && remote.every((s) => s.framesDecoded > frames && s.audioReceived > audio);
      }, timeoutMs).catch((e) => { throw new Error(`${e.message}\n${JSON.stringify(last)}`); });
      for (const s of [...Object.values(last.remote), ...(last.own ? [last.own] : [])]) {
        equal(s.state, 'connected', `${name}: state of the connection`);
        if (s.dtls !== undefined) equal(s.dtls, 'connected', `${name}: DTLS state`); // older Firefox tells none
        // Chromium's name of it has lost its prefix over the years; Firefox tells none.
        if (s.srtp !== undefined) assert(/^(SRTP_)?AEAD_AES_128_GCM$/.test(s.srtp), `${name}: SRTP profile ${s.srtp}`);
        check?.(s, name);
      }
    }
  }

  async noErrors() {
    for (const { name, page } of this.people.values()) {
      const exceptions = await this.events(name, 'exception');
      assert(exceptions.length === 0, `${name}: ${JSON.stringify(exceptions)}`);
      const serious = page.log.filter((line) => !line.includes('favicon'));
      assert(serious.length === 0, `${name}: errors on the console: ${serious.join(' | ')}`);
    }
  }

  // Also called after each test; the second time does nothing.
  async close() {
    if (!this.id) return;
    for (const { page } of this.people.values()) await page.close().catch(() => {});
    this.people.clear();
    await this.visavis.rest('DELETE', `/sessions/${this.id}`);
    this.id = null;
  }
}
