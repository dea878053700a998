// The CDR files and what the webhook received, looked at when all is over.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const all = (list) => list.map((l) => l.text);

// [{name, fields, text}] in their order.
export function readCdr(folder) {
  const text = readdirSync(folder).sort().map((name) => readFileSync(join(folder, name), 'utf8')).join('');
  return text.split('\n').filter((line) => line).map((line) => {
    const [[name, fields]] = Object.entries(JSON.parse(line));
    return { name, fields, text: JSON.stringify({ event: name, ...fields }) };
  });
}

function countBy(list, key) {
  const counts = new Map();
  for (const item of list) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

const doubled = (counts) => [...counts].filter(([, n]) => n > 1).map(([key]) => key);

// Lines that are missing, doubled or out of their order, by what the clients know.
export function checkCdr(cdr, world) {
  const problems = [];
  const of = (name, key) => countBy(cdr.filter((e) => e.name === name), (e) => e.fields[key]);
  const once = (what, counts, wanted) => {
    for (const key of wanted) if ((counts.get(key) ?? 0) !== 1) problems.push(`${what} ${key}: ${counts.get(key) ?? 0} times`);
    for (const key of doubled(counts)) problems.push(`${what} ${key}: ${counts.get(key)} times`);
  };
  const joined = of('participantJoined', 'connectionId');
  const outbound = cdr.filter((e) => e.name.startsWith('webrtc') && e.fields.connection === 'OUTBOUND');
  const created = countBy(outbound.filter((e) => e.name.endsWith('Created')), (e) => e.fields.streamId);

  problems.push(...doubled(countBy(all(cdr), (t) => t)).map((t) => `doubled: ${t}`));
  once('participantJoined', joined, world.participants.keys());
  once('participantLeft', of('participantLeft', 'connectionId'), joined.keys());
  for (const id of joined.keys()) if (!world.participants.has(id) && !world.unknown.has(id)) problems.push(`who is ${id}?`);
  once('published', created, [...world.participants.values()].flatMap((p) => p.streams));
  once('unpublished', countBy(outbound.filter((e) => e.name.endsWith('Destroyed')), (e) => e.fields.streamId), created.keys());
  once('signalSent', of('signalSent', 'data'), world.signals);
  once('sessionDestroyed', of('sessionDestroyed', 'uniqueSessionId'), of('sessionCreated', 'uniqueSessionId').keys());
  once('sessionCreated', of('sessionCreated', 'uniqueSessionId'), of('sessionDestroyed', 'uniqueSessionId').keys());
  checkInbound(cdr, problems);
  for (const e of cdr) {
    if (['nodeCrashed', 'mediaServerReconnect', 'mediaServerDisconnect', 'openviduServerStopped'].includes(e.fields.reason)) {
      problems.push(`ended by us: ${e.text}`);
    }
  }
  return problems;
}

// A viewer watches the same stream several times, one after the other.
function checkInbound(cdr, problems) {
  const open = new Map();
  for (const e of cdr.filter((k) => k.name.startsWith('webrtc') && k.fields.connection === 'INBOUND')) {
    const key = `${e.fields.connectionId} ${e.fields.streamId}`;
    const n = (open.get(key) ?? 0) + (e.name.endsWith('Created') ? 1 : -1);
    if (n !== 0 && n !== 1) problems.push(`out of order: ${e.text}`);
    open.set(key, n);
  }
  for (const [key, n] of open) if (n !== 0) problems.push(`not destroyed: ${key}`);
}

// received: [{id, text, duringKills}].
export function checkWebhook(received, cdr) {
  const problems = [];
  const written = new Set(all(cdr));
  const texts = new Set(all(received));
  const textOf = new Map();
  const seen = new Set();

  for (const text of written) if (!texts.has(text)) problems.push(`the webhook has not: ${text}`);
  for (const { id, text, duringKills } of received) {
    if (!id) problems.push(`without an id: ${text}`);
    if (!written.has(text)) problems.push(`the CDR has not: ${text}`);
    if (textOf.has(id) && textOf.get(id) !== text) problems.push(`one id, two events: ${id}`);
    if (seen.has(id) && !duringKills) problems.push(`twice without a kill: ${text}`);
    textOf.set(id, text);
    seen.add(id);
  }
  if (textOf.size !== written.size) problems.push(`${textOf.size} ids for ${written.size} events`);
  return problems;
}
