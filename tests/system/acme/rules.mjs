// Faults, as rules. A rule chooses requests and says what becomes of them:
//
//   kind, method       of the request ("newOrder", "POST"); left out: any
//   path, payload      regular expressions for its path and for its payload as JSON
//   answer             regular expression for the CA's answer as it came ("\"status\": *\"valid\"")
//   skip, times        the first SKIP that fit are left alone, the next TIMES (1; 0: all) are not
//
//   status, headers    of the answer; a header that is null is taken away
//   problem            an ACME error type; with detail, and "more" for further members of the document
//   json, body         the answer's body as a value or as text; repeat: that text so many times over
//   reached            true: the CA has done its work before its answer is replaced
//   merge              JSON patch (RFC 7396) for the CA's answer
//   delay              milliseconds before anything is sent
//   cut, freeze, drip  only so many bytes of the body, then the end of the connection, or nothing more;
//                      drip: milliseconds between one byte and the next
//   stall, reset       true: no answer at all; the connection is reset
import { problem } from './acme_http.mjs';

const replaced = ['status', 'problem', 'json', 'body'];

export class Rules {
    #list = [];

    add(rule) {
        const known = ['kind', 'method', 'path', 'payload', 'answer', 'skip', 'times', 'headers', 'detail', 'more', 'repeat',
            'reached', 'merge', 'delay', 'cut', 'freeze', 'drip', 'stall', 'reset', ...replaced];
        const odd = Object.keys(rule).filter((k) => !known.includes(k));
        if (odd.length) throw new Error(`a rule knows no ${odd.join(', ')}; it knows ${known.join(', ')}`);
        if (Object.keys(rule).length === 0) throw new Error('an empty rule');
        this.#list.push({ times: 1, skip: 0, used: 0, ...rule });
    }

    clear() {
        this.#list = [];
    }

    get list() {
        return this.#list;
    }

    // The first rule for the request; those that depend on the answer only when it is there.
    take(record, answer) {
        const rule = this.#list.find((r) => this.#fits(r, record, answer) && r.skip-- <= 0);
        if (rule) rule.used++;
        return rule;
    }

    // It was not used after all.
    giveBack(rule) {
        rule.used--;
        return undefined;
    }

    #fits(rule, record, answer) {
        if (rule.times && rule.used >= rule.times) return false;
        if (Boolean(rule.answer) !== Boolean(answer)) return false;
        return (!rule.kind || rule.kind === record.kind) && (!rule.method || rule.method === record.method) &&
            (!rule.path || new RegExp(rule.path).test(record.path)) &&
            (!rule.payload || new RegExp(rule.payload).test(JSON.stringify(record.payload ?? null))) &&
            (!rule.answer || new RegExp(rule.answer).test(answer.body.toString()));
    }
}

// Whether the CA is not asked.
export function isOwnAnswer(rule) {
    return !rule.reached && (rule.stall || rule.reset || replaced.some((name) => name in rule));
}

// The answer that a rule makes out of none.
export function ownAnswer(rule) {
    const status = rule.status ?? (rule.problem ? 400 : 200);
    if (rule.problem) return problem(status, rule.problem, rule.detail ?? 'by rule of the test', rule.more);
    const type = 'json' in rule ? 'application/json' : 'text/plain';
    const text = 'json' in rule ? JSON.stringify(rule.json) : (rule.body ?? '');
    return { status, headers: { 'content-type': type }, body: Buffer.from(text.repeat(rule.repeat ?? 1)) };
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Sends an answer as the rule will have it; a rule of nothing sends it whole.
export async function send(rs, answer, rule = {}) {
    if (rule.delay) await pause(rule.delay);
    if (rule.stall) return;
    if (rule.reset) {
        // Below TLS: its own end would be polite.
        const raw = rs.socket._parent ?? rs.socket;
        (raw.resetAndDestroy ?? raw.destroy).call(raw);
        return;
    }
    for (const [name, value] of Object.entries(answer.headers)) if (value !== null) rs.setHeader(name, value);
    if (!('content-length' in answer.headers)) rs.setHeader('content-length', answer.body.length);
    rs.statusCode = answer.status;
    const limit = rule.cut ?? rule.freeze;
    if (limit === undefined && !rule.drip) {
        rs.end(answer.body);
        return;
    }
    rs.flushHeaders();
    const part = answer.body.subarray(0, limit ?? answer.body.length);
    if (rule.drip) {
        for (const byte of part) {
            rs.write(Buffer.of(byte));
            await pause(rule.drip);
            if (rs.destroyed) return;
        }
    } else {
        await new Promise((done) => rs.write(part, done));
    }
    if (rule.cut !== undefined) rs.socket?.end();
    else if (rule.freeze === undefined) rs.end();
}
