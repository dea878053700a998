// What clients do within a session, and exactly what everybody is told of it.
import { assert, equal, refusal, sleep, until } from './harness.mjs';
import { Room } from './calls.mjs';

export default async function operations({ runner, pages, chromium, server }) {
  const newRoom = async (options = {}) => new Room({
    visavis: await server(options.style), pages, browser: chromium, onePage: true, ...options,
  }).create();

  await runner.test('a broadcast signal reaches its sender, too', async () => {
    const room = await newRoom();
    for (const name of ['ann', 'ben', 'cem', 'dot']) await room.join(name, { publish: false });
    await room.e2e('ann', 'signal', { type: 'chat', data: 'to all: ä€😀' });
    await room.expect({ signal: 4 });
    for (const name of ['ann', 'ben', 'cem', 'dot']) {
      const [{ type, name: kind, data, from }] = await room.events(name, 'signal');
      equal([type, kind, data, from], ['signal', 'signal:chat', 'to all: ä€😀', room.people.get('ann').id], `what ${name} got`);
    }
    await room.e2e('ann', 'signal', { data: 'to ben', to: [room.people.get('ben').id] });
    await until('ben has it', async () => (await room.events('ben', 'signal')).at(-1).data === 'to ben');
    equal((await room.events('ben', 'signal')).at(-1).name, 'signal:signal', 'a signal without a type');
    equal(await room.counts(['signal']), { signal: 5 }, 'nobody else has it');
  });

  await runner.test('no picture comes: the subscriber is told so', async () => {
    const room = await newRoom();
    await room.join('ann', { publish: { audioSource: false } });
    const encoded = async () => (await room.e2e('ann', 'stats')).own.framesEncoded;
    // The media daemon replays a key frame that is fresh to newcomers: this one is older then.
    await until('ann sends', async () => await encoded() > 60);
    await room.e2e('ann', 'stopVideoTrack');
    await until('the last picture is gone', async () => {
      const before = await encoded();
      await sleep(500);
      return await encoded() === before;
    });
    await room.join('ben', { publish: false });
    await until('the exception', async () => (await room.events('ben', 'exception')).some((e) => e.name === 'NO_STREAM_PLAYING_EVENT'));
    equal(Object.values((await room.e2e('ben', 'stats')).remote).map((s) => s.state), ['connected'], 'it is connected all the same');
  });

  for (const style of ['kurento', 'mediasoup']) {
    await runner.test(`unsubscribe and subscribe again, ${style}`, async () => {
      const room = await newRoom({ style });
      await room.join('ann');
      await room.join('ben', { publish: false });
      await room.expect({ streamPlaying: 2 });
      const [{ id }] = await room.events('ben', 'streamCreated');
      for (const kind of ['audio', 'video']) {
        await room.e2e('ben', 'muteRemote', id, kind, false);
        equal((await room.e2e('ben', 'tracks'))[0][kind], 0, `${kind} is off`);
        await room.e2e('ben', 'muteRemote', id, kind, true);
      }
      await room.expectTracks(1, { audio: 1, video: 1 }, ['ben']);
      assert(await room.e2e('ben', 'unsubscribe', id), 'no srcObject afterwards');
      equal((await room.visavis.rest('GET', `/sessions/${room.id}/connection`)).body.content.map((c) => c.subscribers.length), [0, 0], 'as REST has it');
      await room.e2e('ben', 'subscribe', id);
      await room.expect({ streamPlaying: 3 });
      await room.flows('ben', 5);
      equal(await room.counts(['streamPropertyChanged', 'streamDestroyed']), { streamPropertyChanged: 0, streamDestroyed: 0 }, 'nobody else is told');
      await room.noErrors();
    });

    await runner.test(`both unpublish and publish again, ${style}`, async () => {
      const room = await newRoom({ style });
      await room.join('ann');
      await room.join('ben');
      await room.expect({ streamCreated: 4, streamPlaying: 4 });
      await room.e2e('ann', 'unpublish');
      await room.e2e('ben', 'unpublish');
      await room.expect({ streamDestroyed: 4 });
      for (const name of ['ann', 'ben']) {
        equal((await room.events(name, 'streamDestroyed')).map((e) => e.reason), ['unpublish', 'unpublish'], `reasons for ${name}`);
      }
      await room.e2e('ann', 'publish', {});
      await room.e2e('ben', 'publish', {});
      await room.expect({ streamCreated: 8, streamPlaying: 8, streamDestroyed: 4 });
      await room.everybodySeesEverybody({ frames: 5, audio: 5 });
      await room.noErrors();
    });
  }

  await runner.test('the publisher changes: camera, screen, camera', async () => {
    const room = await newRoom();
    room.page = await room.openPage();
    await room.page.e2e('fakeScreen', 800, 600);
    const ann = await room.join('ann', { publish: { publishAudio: false } });
    const options = async () => (await room.visavis.rest('GET', `/sessions/${room.id}/connection/${ann.id}`)).body.publishers[0].mediaOptions;
    equal([(await options()).typeOfVideo, (await options()).hasAudio, (await options()).audioActive], ['CAMERA', true, false], 'muted at first, as REST has it');
    await room.join('ben', { publish: false });
    await room.expect({ streamCreated: 2, streamPlaying: 2 });
    const steps = [[{ videoSource: 'screen', audioSource: false }, 'SCREEN', false, 'SCR'], [{}, 'CAMERA', true, 'CAM']];
    for (const [i, [publish, type, audio, letters]] of steps.entries()) {
      await room.e2e('ann', 'unpublish');
      await room.e2e('ann', 'publish', publish);
      await room.expect({ streamDestroyed: 2 * (i + 1), streamCreated: 2 * (i + 2), streamPlaying: 2 * (i + 2) });
      const seen = (await room.events('ben', 'streamCreated')).at(-1);
      equal([seen.typeOfVideo, seen.audio, seen.video, seen.id.slice(0, 8)], [type, audio, true, `str_${letters}_`], 'what ben is told');
      await room.expectTracks(1, { audio: audio ? 1 : 0, video: 1 });
      await room.flows('ben', 5);
      const { typeOfVideo, hasAudio, audioActive } = await options();
      equal([typeOfVideo, hasAudio, audioActive ?? null], [type, audio, audio || null], 'as REST has it');
    }
  });

  await runner.test('a replaced track: media goes on, both are told', async () => {
    const room = await newRoom();
    await room.join('ann');
    await room.join('ben', { publish: false });
    await room.flows('ben', 5);
    const [{ id }] = await room.events('ben', 'streamCreated');
    const isGrey = (c) => c && Math.max(...c) - Math.min(...c) < 12 && c.every((x) => Math.abs(x - 128) < 25);
    assert(!isGrey(await room.e2e('ben', 'colour', id)), 'not grey at first');
    await room.e2e('ann', 'replaceVideo', '#808080');
    await room.expect({ streamPropertyChanged: 2 });
    for (const name of ['ann', 'ben']) {
      const [e] = await room.events(name, 'streamPropertyChanged');
      equal([e.property, e.reason, typeof e.value.label], ['videoTrack', 'trackReplaced', 'string'], `what ${name} is told`);
    }
    await until('grey here', async () => isGrey(await room.e2e('ann', 'colour')));
    await until('grey there', async () => isGrey(await room.e2e('ben', 'colour', id)));
  });

  await runner.test('a moderator ends a stream, then a connection', async () => {
    const room = await newRoom();
    const ann = await room.join('ann');
    await room.join('ben', { publish: false, role: 'SUBSCRIBER' });
    await room.join('boss', { publish: false, role: 'MODERATOR' });
    await room.expect({ streamCreated: 3, streamPlaying: 3 });
    const refused = await refusal(room.e2e('ben', 'forceUnpublish', ann.id));
    assert(refused.includes('OPENVIDU_PERMISSION_DENIED'), `a subscriber may not: ${refused}`);
    await room.e2e('boss', 'forceUnpublish', ann.id);
    await room.expect({ streamDestroyed: 3 });
    await room.e2e('ann', 'publish', {});
    await room.expect({ streamCreated: 6, streamPlaying: 6, streamDestroyed: 3 });
    await room.e2e('boss', 'forceDisconnect', ann.id);
    await room.expect({ streamDestroyed: 6, connectionDestroyed: 2, sessionDisconnected: 1 });
    equal((await room.events('ann', 'sessionDisconnected'))[0].reason, 'forceDisconnectByUser', 'what ann is told');
    for (const name of ['ben', 'boss']) {
      equal((await room.events(name, 'streamDestroyed')).map((e) => e.reason), ['forceUnpublishByUser', 'forceDisconnectByUser'], `streams, for ${name}`);
      equal((await room.events(name, 'connectionDestroyed'))[0].reason, 'forceDisconnectByUser', `what ${name} is told`);
    }
    equal(await room.page.e2e('videos'), 0, 'videos');
  });

  await runner.test('a publisher may neither unpublish nor evict others', async () => {
    const room = await newRoom();
    const ann = await room.join('ann');
    await room.join('ben', { publish: false });
    await room.expect({ streamCreated: 2 });
    for (const what of ['forceUnpublish', 'forceDisconnect']) {
      const refused = await refusal(room.e2e('ben', what, ann.id));
      assert(refused.includes('OPENVIDU_PERMISSION_DENIED'), `${what}: ${refused}`);
    }
    const denied = await refusal(room.join('cem', { role: 'SUBSCRIBER', publish: {} }));
    assert(denied.includes('OPENVIDU_PERMISSION_DENIED'), `a subscriber may not publish: ${denied}`);
    equal(await room.counts(['streamDestroyed', 'connectionDestroyed']), { streamDestroyed: 0, connectionDestroyed: 0 }, 'nothing ended');
  });

  await runner.test('muting and a new size of the screen: exactly what both are told', async () => {
    const room = await newRoom();
    room.page = await room.openPage();
    await room.page.e2e('fakeScreen', 1280, 720);
    await room.join('ann', { publish: { videoSource: 'screen' } });
    await room.join('ben', { publish: false });
    await room.expect({ streamPlaying: 2 });
    const changes = [
      [() => room.e2e('ann', 'mute', 'video', false), 'videoActive', 'publishVideo', false],
      [() => room.e2e('ann', 'mute', 'audio', false), 'audioActive', 'publishAudio', false],
      [() => room.page.e2e('resizeScreen', 1000, 700), 'videoDimensions', 'screenResized', { width: 1000, height: 700 }],
    ];
    for (const [i, [change, property, reason, value]] of changes.entries()) {
      await change();
      await room.expect({ streamPropertyChanged: 2 * (i + 1) });
      for (const name of ['ann', 'ben']) {
        const e = (await room.events(name, 'streamPropertyChanged')).at(-1);
        equal([e.property, e.reason, e.value, e.own], [property, reason, value, name === 'ann'], `what ${name} is told`);
      }
    }
    await room.join('cem', { publish: false });
    const { body } = await room.visavis.rest('GET', `/sessions/${room.id}/connection`);
    const { mediaOptions: m } = body.content.flatMap((c) => c.publishers)[0];
    equal([m.videoActive, m.audioActive, m.videoDimensions], [false, false, '{"width":1000,"height":700}'], 'as REST has it');
  });

  await runner.test('a recorder in the page: no server is needed', async () => {
    const room = await newRoom();
    await room.join('ann');
    await room.join('ben', { publish: false });
    await room.flows('ben', 2);
    const [{ id }] = await room.events('ben', 'streamCreated');
    const made = await room.e2e('ben', 'record', id, 1500);
    equal(made.states, ['READY', 'RECORDING', 'PAUSED', 'FINISHED'], 'states');
    assert(made.size > 5000 && made.type.startsWith('video/webm'), `what was recorded: ${JSON.stringify(made)}`);
  });
}
