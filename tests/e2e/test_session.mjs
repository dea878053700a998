// Who may do what, and what the others are told.
import { assert, equal, until } from './harness.mjs';
import { Room } from './calls.mjs';

export default async function session({ runner, pages, chromium, server }) {
  const newRoom = async (version = '2.32.2') => new Room({ visavis: await server(), pages, browser: chromium, version }).create();

  await runner.test('a subscribe-only participant sees and is not seen', async () => {
    const room = await newRoom();
    await room.join('ann');
    await room.join('ben', { publish: false, role: 'SUBSCRIBER' });
    await room.everybodySeesEverybody();
    equal((await room.events('ann', 'streamCreated')).length, 0, 'streams that ann saw');
    await room.noErrors();
    await room.close();
  });

  await runner.test('leave and join again', async () => {
    const room = await newRoom();
    await room.join('ann');
    const first = await room.join('ben');
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    await room.leave('ben');
    await until('ann is told', async () => (await room.events('ann', 'connectionDestroyed')).length === 1);
    const [gone] = await room.events('ann', 'connectionDestroyed');
    equal([gone.id, gone.reason], [first.id, 'disconnect'], 'who left');
    equal((await room.events('ann', 'streamDestroyed')).length, 1, 'streams destroyed');
    await room.join('ben');
    await room.everybodySeesEverybody();
    await room.close();
  });

  await runner.test('forceDisconnect by a moderator', async () => {
    const room = await newRoom();
    await room.join('boss', { role: 'MODERATOR' });
    const ben = await room.join('ben');
    await room.join('cem');
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    let refused = '';
    await room.e2e('cem', 'forceDisconnect', ben.id).catch((e) => { refused = String(e); });
    assert(refused.includes('OPENVIDU_PERMISSION_DENIED'), `a publisher may not evict others: ${refused}`);
    await room.e2e('boss', 'forceDisconnect', ben.id);
    await until('ben is out', async () => (await room.events('ben', 'sessionDisconnected')).length === 1);
    equal((await room.events('ben', 'sessionDisconnected'))[0].reason, 'forceDisconnectByUser', 'what ben is told');
    for (const name of ['boss', 'cem']) {
      await until(`${name} is told`, async () => (await room.events(name, 'connectionDestroyed')).length === 1);
      equal((await room.events(name, 'connectionDestroyed'))[0].reason, 'forceDisconnectByUser', `what ${name} is told`);
    }
    await room.close();
  });

  await runner.test('forceUnpublish by a moderator', async () => {
    const room = await newRoom();
    await room.join('boss', { role: 'MODERATOR' });
    const ben = await room.join('ben');
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    await room.e2e('boss', 'forceUnpublish', ben.id);
    for (const name of ['boss', 'ben']) {
      await until(`${name} is told`, async () => (await room.events(name, 'streamDestroyed')).some((e) => e.reason === 'forceUnpublishByUser'));
    }
    await room.close();
  });

  await runner.test('signals to all and to one', async () => {
    const room = await newRoom();
    await room.join('ann', { publish: false });
    const ben = await room.join('ben', { publish: false });
    await room.join('cem', { publish: false });
    await room.e2e('ann', 'signal', { type: 'chat', data: 'to all: ä€😀' });
    await room.e2e('ann', 'signal', { type: 'chat', data: 'to ben', to: [ben.id] });
    await until('ben has both', async () => (await room.events('ben', 'signal')).length === 2);
    await until('the others have one', async () => (await room.events('ann', 'signal')).length === 1 && (await room.events('cem', 'signal')).length === 1);
    const [one, two] = await room.events('ben', 'signal');
    equal([one.name, one.data, one.from, two.data], ['signal:chat', 'to all: ä€😀', room.people.get('ann').id, 'to ben'], 'what ben got');
    await room.close();
  });

  await runner.test('a used token, an unknown session', async () => {
    const visavis = await server();
    const room = await newRoom();
    const token = await visavis.token(room.id);
    const page = await chromium.open(pages.url('2.32.2'));
    await page.e2e('join', 'ann', { token, publish: null });
    const second = await chromium.open(pages.url('2.32.2'));
    const refused = await second.e2e('join', 'ann', { token, publish: null }).then(() => '', (e) => String(e));
    assert(refused.includes('is not valid') && refused.includes('401'), `a used token: ${refused}`);
    const lost = await second.e2e('join', 'ann', { token: token.replace(room.id, 'nowhere'), publish: null }).then(() => '', (e) => String(e));
    assert(lost.includes('202') || lost.includes('cannot be found'), `an unknown session: ${lost}`);
    await page.close();
    await second.close();
    await room.close();
  });

  await runner.test('closing a session by REST', async () => {
    const room = await newRoom();
    await room.join('ann');
    await room.join('ben');
    equal((await room.visavis.rest('DELETE', `/sessions/${room.id}`)).status, 204, 'status');
    for (const name of ['ann', 'ben']) {
      await until(`${name} is out`, async () => (await room.events(name, 'sessionDisconnected'))[0]?.reason === 'sessionClosedByServer');
    }
    equal((await room.visavis.rest('GET', `/sessions/${room.id}`)).status, 404, 'afterwards');
    await room.close();
  });

  await runner.test('a lost WebSocket comes back and media never stops', async () => {
    const room = await newRoom();
    await room.join('ann');
    await room.join('ben');
    await room.everybodySeesEverybody({ frames: 5, audio: 5 });
    const before = Object.values((await room.e2e('ben', 'stats')).remote)[0].framesDecoded;
    equal(await room.e2e('ben', 'dropSockets'), 1, 'sockets that were cut');
    await until('it is noticed', async () => (await room.events('ben', 'reconnecting')).length === 1);
    await until('it is back', async () => (await room.events('ben', 'reconnected')).length === 1);
    await room.e2e('ann', 'signal', { data: 'still there?' });
    await until('ben hears ann', async () => (await room.events('ben', 'signal')).length === 1);
    await until('frames go on', async () => Object.values((await room.e2e('ben', 'stats')).remote)[0].framesDecoded > before + 30);
    equal((await room.events('ann', 'connectionDestroyed')).length, 0, 'nobody left');
    await room.close();
  });
}
