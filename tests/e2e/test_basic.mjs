// Who publishes what to whom: the basic sessions, in both negotiation styles.
import { assert, equal, until } from './harness.mjs';
import { Room } from './calls.mjs';
import { VERSIONS } from './pages.mjs';

// Seven encoders and 42 decoders share a few cores: small pictures.
const SMALL = { resolution: '160x120', frameRate: 5 };

export default async function basic({ runner, pages, chromium, server, short }) {
  const rooms = short ? [['kurento', '2.32.2']] : ['kurento', 'mediasoup'].flatMap((s) => VERSIONS.map((v) => [s, v]));

  for (const [style, version] of rooms) {
    const newRoom = async () => new Room({ visavis: await server(style), pages, browser: chromium, version, onePage: true }).create();
    const title = (what) => `${what}, client ${version}, ${style}`;

    await runner.test(title('one to one'), async () => {
      const room = await newRoom();
      await room.join('ann');
      await room.join('ben');
      await room.expect({ connectionCreated: 4, accessAllowed: 2, streamCreated: 4, streamPlaying: 4 });
      equal(await room.page.e2e('videos'), 4, 'videos');
      await room.expectTracks(2, { audio: 1, video: 1 });
      await room.everybodySeesEverybody({ frames: 10, audio: 10 });
      await room.noErrors();
      await room.leaveOneByOne();
    });

    await runner.test(title('one to three'), async () => {
      const room = await newRoom();
      await room.join('ann');
      for (const name of ['ben', 'cem', 'dot']) await room.join(name, { publish: false, role: 'SUBSCRIBER' });
      await room.expect({ connectionCreated: 16, accessAllowed: 1, streamCreated: 4, streamPlaying: 4 });
      equal(await room.page.e2e('videos'), 4, 'videos');
      await room.expectTracks(1, { audio: 1, video: 1 });
      await room.leaveOneByOne();
    });
  }

  const newRoom = async (style = 'kurento', onePage = true) => new Room({ visavis: await server(style), pages, browser: chromium, onePage }).create();

  await runner.test('audio only', async () => {
    const room = await newRoom();
    await room.join('ann', { publish: { videoSource: false } });
    await room.join('ben', { publish: { videoSource: false } });
    await room.expect({ connectionCreated: 4, accessAllowed: 2, streamCreated: 4, streamPlaying: 4 });
    await room.expectTracks(2, { audio: 1, video: 0 });
    for (const name of ['ann', 'ben']) {
      const { own, remote } = await room.e2e(name, 'stats');
      const [[id, other]] = Object.entries(remote);
      assert(id.startsWith('str_MIC_'), `${name} has ${id}`);
      equal([own.lines, other.lines], [['audio'], ['audio']], `${name}: media lines`);
      equal((await room.events(name, 'streamCreated')).find((e) => !e.own).video, false, `${name}: hasVideo`);
    }
    await until('sound arrives', async () => Object.values((await room.e2e('ann', 'stats')).remote)[0].audioReceived > 20);
    await room.leaveOneByOne();
  });

  await runner.test('video only', async () => {
    const room = await newRoom();
    await room.join('ann', { publish: { audioSource: false } });
    await room.join('ben', { publish: { audioSource: false } });
    await room.expect({ connectionCreated: 4, accessAllowed: 2, streamCreated: 4, streamPlaying: 4 });
    await room.expectTracks(2, { audio: 0, video: 1 });
    for (const name of ['ann', 'ben']) {
      const { own, remote } = await room.e2e(name, 'stats');
      equal([own.lines, Object.values(remote)[0].lines], [['video'], ['video']], `${name}: media lines`);
      equal((await room.events(name, 'streamCreated')).find((e) => !e.own).audio, false, `${name}: hasAudio`);
    }
    await room.leaveOneByOne();
  });

  for (const style of short ? ['kurento'] : ['kurento', 'mediasoup']) {
    await runner.test(`four to four, a page each, ${style}`, async () => {
      const room = await newRoom(style, false);
      for (const name of ['ann', 'ben', 'cem', 'dot']) await room.join(name, { publish: { frameRate: 15, resolution: '320x240' } });
      await room.expect({ connectionCreated: 16, accessAllowed: 4, streamCreated: 16, streamPlaying: 16 });
      await room.expectTracks(4, { audio: 1, video: 1 });
      await room.everybodySeesEverybody({ frames: 5, audio: 5 });
      await room.noErrors();
      await room.leaveOneByOne();
    });
  }

  await runner.test('seven to seven', async () => {
    const room = await newRoom();
    const names = ['ann', 'ben', 'cem', 'dot', 'eva', 'fox', 'gus'];
    for (const name of names) await room.join(name, { publish: SMALL });
    await room.expect({ connectionCreated: 49, accessAllowed: 7, streamCreated: 49, streamPlaying: 49 }, 60000);
    equal(await room.page.e2e('videos'), 49, 'videos');
    await room.expectTracks(7, { audio: 1, video: 1 });
  });

  for (const [what, publish] of [['camera', {}], ['screen', { videoSource: 'screen' }]]) {
    await runner.test(`a publisher that watches itself through the server: ${what}`, async () => {
      const room = await newRoom();
      if (what === 'screen') await (room.page = await room.openPage()).e2e('fakeScreen', 640, 480);
      await room.join('ann', { publish, loopback: true });
      await room.expect({ connectionCreated: 1, accessAllowed: 1, streamCreated: 1, streamPlaying: 1 });
      await room.expectTracks(1, { audio: 1, video: 1 });
      await until('the way back is decoded', async () => {
        const { own } = await room.e2e('ann', 'stats');
        return own.framesDecoded > 10 && own.audioReceived > 10;
      });
      await room.noErrors();
    });
  }
}
