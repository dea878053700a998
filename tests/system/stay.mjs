// Joins a session of a server on this machine, says so on a line, and stays until it is told to end.
// usage: node stay.mjs PORT SECRET SESSION
import crypto from 'node:crypto';
import http from 'node:http';

const [port, secret, session] = process.argv.slice(2);
const target = { host: '127.0.0.1', port: Number(port), agent: false };

function ask(method, path, body) {
    return new Promise((resolve, reject) => {
        const rq = http.request({ ...target, method, path, auth: `OPENVIDUAPP:${secret}` }, (rs) => {
            let text = '';
            rs.on('data', (d) => { text += d; });
            rs.on('end', () => rs.statusCode < 500 ? resolve(text && JSON.parse(text)) : reject(new Error(`${path}: ${rs.statusCode}`)));
        });
        rq.on('error', reject);
        rq.setHeader('Content-Type', 'application/json');
        rq.end(JSON.stringify(body));
    });
}

function openSocket() {
    return new Promise((resolve, reject) => {
        const rq = http.request({ ...target, path: '/openvidu', headers: {
            Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13,
            'Sec-WebSocket-Key': crypto.randomBytes(16).toString('base64') } });
        rq.on('upgrade', (rs, socket) => resolve(socket));
        rq.on('response', (rs) => reject(new Error(`no WebSocket: ${rs.statusCode}`)));
        rq.on('error', reject);
        rq.end();
    });
}

// One text frame of at most 65535 bytes, masked with zeros (RFC 6455 section 5.2).
function frame(text) {
    const payload = Buffer.from(text);
    const head = Buffer.alloc(8);
    head[0] = 0x81;
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
    return Buffer.concat([head, payload]);
}

await ask('POST', '/openvidu/api/sessions', { customSessionId: session }).catch(() => {});
const { token, connectionId } = await ask('POST', `/openvidu/api/sessions/${session}/connection`, {});
const socket = await openSocket();
socket.on('close', () => process.exit(0));
socket.on('data', (data) => {
    if (data.includes('"result"')) console.log(connectionId);
});
socket.write(frame(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'joinRoom', params: {
    token, session, platform: 'Test 1.0', sdkVersion: '2.32.1', metadata: '', secret: '', recorder: false, stt: false } })));
