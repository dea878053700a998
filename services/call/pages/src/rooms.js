// Names of rooms, and the way in.
import { ask } from './account.js';

const FIRST = 'amber brisk calm clever coral dapper eager gentle golden jolly keen lucky mellow nimble polar quiet rapid silver sunny vivid'.split(' ');
const SECOND = 'bay canyon cloud delta field forest garden harbor island lagoon lake meadow mesa ocean peak prairie reef river summit valley'.split(' ');
const THIRD = 'badger bison crane dolphin falcon finch fox heron ibis lynx marten otter owl panda puffin raven robin seal swan tern'.split(' ');

const pick = (list) => list[crypto.getRandomValues(new Uint32Array(1))[0] % list.length];

export const randomName = () => `${pick(FIRST)}-${pick(SECOND)}-${pick(THIRD)}-${100 + (crypto.getRandomValues(new Uint32Array(1))[0] % 900)}`;

// What a person typed, as a room's name.
export const cleanName = (text) => text.trim().replace(/\s+/g, '-').replace(/[^A-Za-z0-9_-]/g, '').slice(0, 64);

export const enter = (room, nickname) => ask('sessions', { sessionId: room, nickname });
