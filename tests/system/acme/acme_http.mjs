// What the front server knows of ACME: kinds of requests, what is inside a signed one, JSON that is patched.

// Pebble's paths, in the order in which they are tried.
const kinds = [
    ['directory', /^\/dir$/],
    ['newNonce', /^\/nonce-plz/],
    ['newAccount', /^\/sign-me-up/],
    ['account', /^\/my-account\//],
    ['newOrder', /^\/order-plz/],
    ['order', /^\/my-order\//],
    ['finalize', /^\/finalize-order\//],
    ['authz', /^\/authZ\//],
    ['challenge', /^\/chalZ\//],
    ['certificate', /^\/certZ\//],
    ['revoke', /^\/revoke-cert/],
    ['keyChange', /^\/rollover-account-key/],
    ['orders', /^\/list-orderz\//],
    ['renewalInfo', /renewal-?info\//i],
];

export function kindOf(path) {
    return kinds.find(([, pattern]) => pattern.test(path))?.[0] ?? 'other';
}

function decoded(text) {
    try {
        const plain = Buffer.from(text, 'base64url').toString();
        return plain === '' ? '' : JSON.parse(plain);
    } catch {
        return null;
    }
}

// Protected header and payload of a JWS; nothing when it is none. An empty payload ("POST-as-GET") is ''.
export function signedParts(body) {
    try {
        const jws = JSON.parse(body);
        return { protected: decoded(jws.protected), payload: decoded(jws.payload) };
    } catch {
        return {};
    }
}

// RFC 7396: null takes a member away.
export function merged(target, patch) {
    if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
    const all = target !== null && typeof target === 'object' && !Array.isArray(target) ? { ...target } : {};
    for (const [name, value] of Object.entries(patch)) {
        if (value === null) delete all[name];
        else all[name] = merged(all[name], value);
    }
    return all;
}

export function problem(status, type, detail, more = {}) {
    const urn = type.includes(':') ? type : `urn:ietf:params:acme:error:${type}`;
    return {
        status,
        headers: { 'content-type': 'application/problem+json' },
        body: Buffer.from(JSON.stringify({ type: urn, detail, status, ...more })),
    };
}

export function json(status, value, headers = {}) {
    return { status, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(JSON.stringify(value)) };
}
