// Every way to media: what a network lets through, and another address in the middle of a call.
import { CHROMIUM, FIREFOX, startChromium, startFirefox } from './browsers.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { afterTest, assert, equal, until } from './harness.mjs';
import { Net } from './net.mjs';

const SMALL = { resolution: '320x240', frameRate: 15 };
const MEDIA_PORTS = '41000-41063'; // as Daemons has them

// By UDP to TURN, what is relayed is UDP in any case; what goes to TURN is not told by all browsers.
const relayed = (s, name) => equal([s.local, s.to.protocol], ['relay', 'udp'], `${name}: selected pair`);

const WAYS = [
  {
    title: 'a network without UDP: ICE-TCP',
    drop: ['meta l4proto udp'],
    check(s, name, net) {
      assert(s.local !== 'relay', `${name}: relayed`);
      equal([s.protocol, s.to.protocol, s.to.address], ['tcp', 'tcp', net.serverAddress], `${name}: selected pair`);
    },
  },
  {
    title: 'IPv6 alone',
    family: 6,
    check(s, name, net) {
      equal([s.protocol, s.to.address], ['udp', net.serverAddress], `${name}: selected pair`);
    },
  },
  {
    title: 'IPv6 alone, without UDP: ICE-TCP',
    family: 6,
    drop: ['meta l4proto udp'],
    check(s, name, net) {
      equal([s.protocol, s.to.address], ['tcp', net.serverAddress], `${name}: selected pair`);
    },
  },
  { title: 'no way to media itself: through TURN', drop: [`udp dport ${MEDIA_PORTS}`, `tcp dport ${MEDIA_PORTS}`], check: relayed },
  { title: 'no UDP and no way to media itself: through TURN over TCP', drop: ['meta l4proto udp', `tcp dport ${MEDIA_PORTS}`], check: relayed },
];

export default async function ways({ runner, pages, buildFolder, short }) {
  const browsers = {
    Chromium: async (net, trusted) => startChromium({ wrapper: net.wrapper(CHROMIUM), trusted }),
    Firefox: async (net, trusted) => startFirefox({ wrapper: net.wrapper(FIREFOX), trusted, port: await net.forward() }),
  };

  // Two people in a page of a browser in that network.
  const meet = async (net, start) => {
    const visavis = await Daemons.start(buildFolder, { net });
    const at = net.testAddress;
    const theirPages = await pages.at(at, at.includes(':') ? `[${at}]` : at);
    const browser = await start(net, theirPages.origin);
    afterTest(() => browser.close());
    const room = await new Room({ visavis, pages: theirPages, browser, onePage: true }).create();
    for (const name of ['ann', 'ben']) await room.join(name, { publish: SMALL });
    return room;
  };

  const own = async (room, name) => {
    const { own: mine, remote } = await room.e2e(name, 'stats');
    return [mine, ...Object.values(remote)];
  };

  for (const way of WAYS) {
    for (const [name, start] of Object.entries(browsers).slice(0, short ? 1 : 2)) {
      await runner.test(`${way.title}, ${name}`, async () => {
        const net = new Net({ family: way.family });
        if (way.drop) net.drop(...way.drop);
        const room = await meet(net, start);
        await room.everybodySeesEverybody({ timeoutMs: 60000, check: (s, who) => way.check(s, who, net) });
        await room.flows('ann');
        await room.noErrors();
      });
    }
  }

  // What is used is gone, the other link is there all the time: the connections go on by it.
  const LOSSES = {
    'its link is down': (net, used) => net.unplug(used),
    'nothing comes through any more': (net, used) => net.drop(...['iifname', 'oifname']
      .map((way) => `${way} to-${used} meta l4proto { tcp, udp } th dport != 4443 th sport != 4443`)),
  };
  const move = async (start, lose, { anew = false } = {}) => {
    const net = new Net();
    const room = await meet(net, start);
    const addresses = async () => (await Promise.all(['ann', 'ben'].map((name) => own(room, name)))).flat().map((s) => s.from);
    await room.everybodySeesEverybody({ timeoutMs: 60000 });
    const [used, other] = (await addresses())[0] === net.far('wifi') ? ['wifi', 'mobile'] : ['mobile', 'wifi'];
    equal([...new Set(await addresses())], [net.far(used)], 'addresses');
    const made = await room.page.e2e('peerConnections');
    lose(net, used);
    await until('all have moved', async () => (await addresses()).every((a) => a === net.far(other)), 60000);
    for (const name of ['ann', 'ben']) await room.flows(name);
    if (!anew) equal(await room.page.e2e('peerConnections'), made, 'connections that were made');
  };
  const MOVES = 'from one network to another in the middle of a call';
  for (const [what, lose] of Object.entries(LOSSES)) {
    await runner.test(`${MOVES}: ${what}, Chromium`, () => move(browsers.Chromium, lose));
  }
  // Firefox stays with the pair that it has chosen; the client library makes its connections anew.
  await runner.test(`${MOVES}: its link is down, Firefox`, () => move(browsers.Firefox, LOSSES['its link is down'], { anew: true }));
}
