// What the tests do again and again: people in a room, what they are told, and whether media really
// flows.
import { afterTest, assert, equal, until } from './harness.mjs';

export class Room {
  // onePage: all share one page, as in an app that shows several users at once; it is much cheaper.
  constructor({ visavis, pages, browser, version = '2.32.2', onePage = false }) {
    Object.assign(this, { visavis, pages, browser, version, onePage, people: new Map(), opened: [] });
  }

  async create(properties) {
    this.id = await this.visavis.session(properties);
    afterTest(() => this.close());
    return this;
  }

  async openPage({ browser = this.browser, version = this.version, pages = this.pages } = {}) {
    const page = await browser.open(pages.url(version));
    this.opened.push(page);
    return page;
  }

  async pageFor(options) {
    if (options.page) return options.page;
    if (!this.onePage || options.browser || options.version) return this.openPage(options);
    this.page ??= await this.openPage();
    return this.page;
  }

  // options: role, publish (false: subscribe only), connection (more REST properties of it), token
  // (made already), advanced, loopback, autoSubscribe, browser, version, pages, page, data
  async join(name, options = {}) {
    const page = await this.pageFor(options);
    const token = options.token
      ?? await this.visavis.token(this.id, { role: options.role ?? 'PUBLISHER', ...options.connection });
    const { advanced, data, autoSubscribe, loopback } = options;
    const publish = options.publish === false ? null : options.publish ?? {};
    const person = { name, page, publishes: publish !== null };
    this.people.set(name, person);
    person.id = await page.e2e('join', name, { token, publish, advanced, data, autoSubscribe, loopback });
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
    if (!keepPage && person.page !== this.page) await person.page.close();
    this.people.delete(name);
    return person;
  }

  async joinAgain(person) {
    const token = await this.visavis.token(this.id);
    person.id = await person.page.e2e('join', person.name, { token, publish: {} });
    this.people.set(person.name, person);
  }

  // What a user was told; those about its own stream count as in an app that shows them all.
  async events(name, type) {
    return (await this.e2e(name, 'events')).filter((e) => e.type === type);
  }

  // The number of events of each type, over all users since they joined.
  async counts(types) {
    const all = (await Promise.all([...this.people.keys()].map((name) => this.e2e(name, 'events')))).flat();
    return Object.fromEntries(types.map((type) => [type, all.filter((e) => e.type === type).length]));
  }

  // As many events of each type as given, over all users, and not one more.
  async expect(wanted, timeoutMs = 30000) {
    const types = Object.keys(wanted);
    let counts;
    await until(`events ${JSON.stringify(wanted)}`, async () => {
      counts = await this.counts(types);
      return types.every((type) => counts[type] >= wanted[type]);
    }, timeoutMs).catch((e) => { throw new Error(`${e.message}, but ${JSON.stringify(counts)}`); });
    equal(counts, wanted, 'events over all users');
  }

  // Each user has this many streams before it, with these tracks in each.
  async expectTracks(streams, tracks, names = [...this.people.keys()]) {
    for (const name of names) {
      await until(`${name} has the tracks`, async () => {
        const all = await this.e2e(name, 'tracks');
        return all.length === streams && all.every((t) => t && t.audio === tracks.audio && t.video === tracks.video);
      }).catch(async (e) => { throw new Error(`${e.message}: ${JSON.stringify(await this.e2e(name, 'tracks'))}`); });
    }
  }

  // One after the other leaves; each hears that it is out, and the others of it.
  async leaveOneByOne() {
    const staying = [...this.people.values()];
    while (staying.length > 0) {
      const leaver = staying.shift();
      const before = await Promise.all(staying.map(({ name }) => this.events(name, 'streamDestroyed')));
      await this.e2e(leaver.name, 'leave');
      await until(`${leaver.name} is out`, async () => (await this.events(leaver.name, 'sessionDisconnected'))[0]?.reason === 'disconnect');
      for (const [i, { name }] of staying.entries()) {
        await until(`${name} hears of it`, async () => (await this.events(name, 'connectionDestroyed'))
          .some((e) => e.id === leaver.id && e.reason === 'disconnect'));
        equal((await this.events(name, 'streamDestroyed')).length - before[i].length, leaver.publishes ? 1 : 0, `streams that ended for ${name}`);
      }
    }
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

  // Frames from now on: a stream that stood still before, or was just connected again, flows.
  async flows(name, frames = 20, timeoutMs = 30000) {
    const decoded = async () => Object.values((await this.e2e(name, 'stats')).remote).map((s) => s.framesDecoded);
    let from = await decoded();
    await until(`frames go on at ${name}`, async () => {
      const now = await decoded();
      from = now.map((n, i) => Math.min(n, from[i] ?? 0)); // a new connection counts from zero
      return now.length > 0 && now.every((n, i) => n >= from[i] + frames);
    }, timeoutMs);
  }

  // A picture that takes longer than the client's four seconds is a matter of the machine's load.
  async noErrors() {
    for (const { name, page } of this.people.values()) {
      const exceptions = (await this.events(name, 'exception')).filter((e) => e.name !== 'NO_STREAM_PLAYING_EVENT');
      assert(exceptions.length === 0, `${name}: ${JSON.stringify(exceptions)}`);
      const serious = page.log.filter((line) => !line.includes('favicon'));
      assert(serious.length === 0, `${name}: errors on the console: ${serious.join(' | ')}`);
    }
  }

  // Also called after each test; the second time does nothing.
  async close() {
    if (!this.id) return;
    const { id } = this;
    this.id = null;
    for (const page of this.opened) await page.close().catch(() => {});
    this.people.clear();
    await this.visavis.rest('DELETE', `/sessions/${id}`);
  }
}
