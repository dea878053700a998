// A media server that nobody reaches, behind a router that hides its network: with a full ICE agent
// (ice = "agent") it finds the way to the browsers itself.
import { CHROMIUM, startChromium } from './browsers.mjs';
import { Room } from './calls.mjs';
import { Daemons } from './daemons.mjs';
import { afterTest, assert, equal } from './harness.mjs';
import { Net } from './net.mjs';

const SMALL = { resolution: '320x240', frameRate: 15 };

const WAYS = [
  {
    title: 'its address is known from a STUN server',
    servers: (at) => [`url=stun:${at}:3478`],
    advanced: { iceServers: [] }, // or a relay may be the first that works
    check(s, name, net) {
      assert(s.local !== 'relay', `${name}: relayed`);
      equal([s.protocol, s.to.protocol], ['udp', 'udp'], `${name}: selected pair`);
      // A browser keeps what it has learnt from a check alone to itself.
      assert(['', net.publicAddress].includes(s.to.address), `${name}: media comes from ${s.to.address}`);
    },
  },
  {
    title: 'no UDP leaves its network: through TURN over TCP',
    servers: (at) => [`url=turn:${at}:3478?transport=tcp,staticAuthSecret=MY_SECRET`],
    drop: ['iifname "to-media" meta l4proto udp'],
    check(s, name, net) {
      equal([s.protocol, s.to.protocol, s.to.address], ['udp', 'udp', net.serverAddress], `${name}: selected pair`);
    },
  },
];

export default async function agent({ runner, pages, buildFolder }) {
  for (const style of ['kurento', 'mediasoup']) {
    for (const way of WAYS) {
      await runner.test(`a hidden media server, ${style}: ${way.title}`, async () => {
        const net = new Net({ hidden: true });
        if (way.drop) net.drop(...way.drop);
        const visavis = await Daemons.start(buildFolder, {
          net,
          signaling: { media_server: style },
          media: { ice: 'agent', ice_servers: way.servers(net.serverAddress) },
          turn: { peers: 'public', allowed_peers: ['10.78.0.0/16'] },
        });
        const theirPages = await pages.at(net.testAddress);
        const browser = await startChromium({ wrapper: net.wrapper(CHROMIUM), trusted: theirPages.origin });
        afterTest(() => browser.close());
        const room = await new Room({ visavis, pages: theirPages, browser, onePage: true }).create();
        for (const name of ['ann', 'ben']) await room.join(name, { publish: SMALL, advanced: way.advanced });
        await room.everybodySeesEverybody({ timeoutMs: 60000, check: (s, who) => way.check(s, who, net) });
        await room.flows('ann');
        await room.noErrors();
      });
    }
  }
}
