// Joins a session through a web server in front, by REST and WebSocket, and prints the address that signaling has
// for the participant. usage: node join.mjs NAME PORT CA-FILE SECRET ADDRESS   (ADDRESS: to call from)
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';

const [name, port, ca, secret, localAddress] = process.argv.slice(2);
const target = {
    host: localAddress.includes(':') ? '::1' : '127.0.0.1', port: Number(port), servername: name, localAddress,
    ca: fs.readFileSync(ca), headers: { Host: name }, agent: false,
};

function ask(method, path, body) {
    return new Promise((resolve, reject) => {
        const rq = https.request({ ...target, method, path, auth: `OPENVIDUAPP:${secret}` }, (rs) => {
            let text = '';
            rs.on('data', (d) => { text += d; });
            rs.on('end', () => rs.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(`${path}: ${rs.statusCode} ${text}`)));
        });
        rq.on('error', reject);
        rq.setHeader('Content-Type', 'application/json');
        rq.end(body && JSON.stringify(body));
    });
}

function openSocket() {
    return new Promise((resolve, reject) => {
        const rq = https.request({ ...target, path: '/openvidu', headers: {
            ...target.headers, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13,
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

setTimeout(() => { console.error('join.mjs: no answer'); process.exit(1); }, 10000).unref();
const { id } = await ask('POST', '/openvidu/api/sessions', {});
const { token, connectionId } = await ask('POST', `/openvidu/api/sessions/${id}/connection`, {});
const socket = await openSocket();
socket.write(frame(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'joinRoom', params: {
    token, session: id, platform: 'Test 1.0', sdkVersion: '2.32.1', metadata: '', secret: '', recorder: false, stt: false } })));
let answer = '';
for await (const data of socket) {
    answer += data.toString('latin1');
    if (answer.includes('"result"') || answer.includes('"error"')) break;
}
const connection = await ask('GET', `/openvidu/api/sessions/${id}/connection/${connectionId}`);
console.log(connection.status === 'active' ? connection.ip : answer);
socket.destroy();
process.exit(connection.status === 'active' ? 0 : 1);
