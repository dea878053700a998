// Stands before Pebble and has what it lacks: renewal information, profiles, a record of all requests, faults.
// usage: node front.mjs CONFIG      (JSON: listen, upstream, control as "address:port", cert, key, log)
//
// Control, plain HTTP: POST /rules (a rule, see rules.mjs, or a list), DELETE /rules; POST /settings; POST /listen
// {"on": false} for a CA that is down, {"mute": true} for one that takes connections and says nothing; GET /requests, DELETE /requests; GET / tells rules and settings.
//
// Settings, each null at first:
//   directory   patch (RFC 7396) for the directory; {"meta": {"profiles": {...}}} also refuses other profiles
//   ari         {ID or "*": {start, end, explanationURL, retryAfter}}, times as texts or as seconds from now;
//               "ca" leaves it to the CA; null: the directory has no renewalInfo
//   clock       seconds that the clock of the CA is ahead, as its answers tell it
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { json, kindOf, merged, problem, signedParts } from './acme_http.mjs';
import { Rules, isOwnAnswer, ownAnswer, send } from './rules.mjs';

const config = JSON.parse(fs.readFileSync(process.argv[2]));
const [upstreamHost, upstreamPort] = config.upstream.split(':');
const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false }); // the CA is on loopback
const rules = new Rules();
const nothing = { directory: null, ari: null, clock: null };
let settings = { ...nothing };
let requests = [];
let count = 0;

async function bodyOf(stream) {
    const parts = [];
    for await (const part of stream) parts.push(part);
    return Buffer.concat(parts);
}

function upstream(method, path, headers, body) {
    return new Promise((resolve, reject) => {
        const rq = https.request({ host: upstreamHost, port: upstreamPort, method, path, headers, agent });
        rq.on('error', reject);
        rq.on('response', async (rs) => {
            try {
                const headers = Object.entries(rs.headersDistinct).map(([name, all]) => [name, all.length > 1 ? all : all[0]]);
                const answer = { status: rs.statusCode, headers: Object.fromEntries(headers), body: await bodyOf(rs) };
                for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'date']) delete answer.headers[name];
                if (method !== 'HEAD') delete answer.headers['content-length'];
                resolve(answer);
            } catch (e) {
                reject(e);
            }
        });
        rq.end(body);
    });
}

// Every answer to a POST has one, the errors too (RFC 8555, 6.5).
async function withNonce(answer, rq) {
    if (rq.method !== 'POST') return answer;
    try {
        const nonce = (await upstream('HEAD', '/nonce-plz', { host: rq.headers.host })).headers['replay-nonce'];
        return { ...answer, headers: { 'replay-nonce': nonce, ...answer.headers } };
    } catch {
        return answer;
    }
}

const now = () => new Date(Date.now() + (settings.clock ?? 0) * 1000);

function instant(when) {
    return typeof when === 'number' ? new Date(now().getTime() + when * 1000).toISOString().replace(/\.\d+/, '') : when;
}

function renewalInfo(path) {
    const window = settings.ari?.[path.split('/').pop()] ?? settings.ari?.['*'];
    if (!window) return problem(404, 'malformed', 'no renewal information for this certificate');
    const info = { suggestedWindow: { start: instant(window.start), end: instant(window.end) } };
    if (window.explanationURL) info.explanationURL = window.explanationURL;
    return json(200, info, 'retryAfter' in window ? { 'retry-after': String(window.retryAfter) } : {});
}

// What a CA with these settings says by itself.
function asSet(record) {
    if (record.kind === 'renewalInfo' && settings.ari !== 'ca') return renewalInfo(record.path);
    const profiles = settings.directory?.meta?.profiles;
    const wanted = record.kind === 'newOrder' ? record.payload?.profile : undefined;
    if (profiles && wanted !== undefined && !(wanted in profiles))
        return problem(400, 'invalidProfile', `there is no profile ${JSON.stringify(wanted)}`);
    return null;
}

function patchedDirectory(answer, host) {
    if (answer.status !== 200) return answer;
    let all = JSON.parse(answer.body);
    if (settings.ari !== 'ca') delete all.renewalInfo;
    if (settings.ari && settings.ari !== 'ca') all.renewalInfo = `https://${host}/renewal-info`;
    if (settings.directory) all = merged(all, settings.directory);
    return { ...answer, body: Buffer.from(JSON.stringify(all, null, 3)) };
}

async function fromCa(rq, record, body) {
    const own = asSet(record);
    if (own) return withNonce(own, rq);
    const { 'content-length': _, connection: __, ...headers } = rq.headers;
    try {
        const answer = await upstream(rq.method, rq.url, { ...headers, 'content-length': body.length }, body);
        return record.kind === 'directory' ? patchedDirectory(answer, rq.headers.host) : answer;
    } catch (e) {
        return problem(502, 'serverInternal', `the CA behind does not answer: ${e.message}`);
    }
}

// An answer after its rule: pieces replaced, patched, headers set and taken away.
async function byRule(rule, answer, rq) {
    let result = answer;
    if ('status' in rule || 'problem' in rule || 'json' in rule || 'body' in rule) {
        result = await withNonce(ownAnswer(rule), rq);
    }
    if (rule.merge) result = { ...result, body: Buffer.from(JSON.stringify(merged(JSON.parse(result.body), rule.merge))) };
    const changed = Object.entries(rule.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
    return { ...result, headers: { ...result.headers, ...Object.fromEntries(changed) } };
}

const dated = (answer) => ({ ...answer, headers: { date: now().toUTCString(), ...answer.headers } });

const isRefusedNonce = (answer) => answer.status === 400 && answer.body.includes(':badNonce"');

async function serve(rq, rs) {
    const body = await bodyOf(rq);
    const record = {
        n: ++count, time: new Date().toISOString(), method: rq.method, path: rq.url, kind: kindOf(rq.url),
        agent: rq.headers['user-agent'], type: rq.headers['content-type'], ...signedParts(body),
    };
    requests.push(record);
    rs.on('close', () => fs.appendFileSync(config.log, JSON.stringify(record) + '\n'));

    let rule = rules.take(record, null);
    let answer = { status: 0, headers: {}, body: Buffer.alloc(0) };
    if (!rule || !isOwnAnswer(rule)) answer = await fromCa(rq, record, body);
    if (rule && isRefusedNonce(answer)) rule = rules.giveBack(rule); // the request comes again
    rule ??= rules.take(record, answer);
    if (rule) answer = await byRule(rule, answer, rq);
    record.status = answer.status;
    record.faulty = Boolean(rule);
    await send(rs, dated(answer), rule);
}

function guarded(rq, rs) {
    rs.on('error', () => {});
    serve(rq, rs).catch((e) => {
        console.error(`${rq.method} ${rq.url}: ${e.stack}`);
        rs.destroy();
    });
}

// ---- listening ----

let server = null;
const open = new Set(); // connections

function listen(mute) {
    const [host, port] = config.listen.split(':');
    const options = { cert: fs.readFileSync(config.cert), key: fs.readFileSync(config.key) };
    open.clear();
    server = mute ? net.createServer() : https.createServer(options, guarded);
    server.on('clientError', (_, socket) => socket.destroy());
    server.on('connection', (socket) => {
        open.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => open.delete(socket));
    });
    return new Promise((done) => server.listen(Number(port), host, done));
}

// Connections that are there end as well.
function close() {
    const old = server;
    server = null;
    return new Promise((done) => {
        if (!old) return done();
        old.close(done);
        for (const socket of open) socket.destroy();
    });
}

// ---- control ----

const control = {
    'GET /': () => ({ rules: rules.list, settings, requests: requests.length, listening: Boolean(server) }),
    'GET /requests': () => requests,
    'DELETE /requests': () => void (requests = []),
    'POST /rules': (given) => [given].flat().forEach((rule) => rules.add(rule)),
    'DELETE /rules': () => rules.clear(),
    'POST /settings': (given) => {
        const odd = Object.keys(given).filter((name) => !(name in nothing));
        if (odd.length) throw new Error(`there is no setting ${odd.join(', ')}`);
        settings = { ...settings, ...given };
    },
    'DELETE /settings': () => void (settings = { ...nothing }),
    'POST /listen': async ({ on, mute }) => {
        await close();
        if (on || mute) await listen(mute);
    },
};

async function command(rq, rs) {
    try {
        const body = await bodyOf(rq);
        const action = control[`${rq.method} ${rq.url}`];
        if (!action) throw new Error(`there is no ${rq.method} ${rq.url}; there are ${Object.keys(control).join(', ')}`);
        const result = await action(body.length ? JSON.parse(body) : {});
        rs.end(JSON.stringify(result ?? {}) + '\n');
    } catch (e) {
        rs.statusCode = 400;
        rs.end(`${e.message}\n`);
    }
}

await listen();
const [controlHost, controlPort] = config.control.split(':');
http.createServer(command).listen(Number(controlPort), controlHost);
