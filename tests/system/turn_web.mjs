// For turn_web.sh: a site behind the web server, and a WebSocket client that offers no ALPN.
// usage: node turn_web.mjs site PORT | node turn_web.mjs websocket HOST PORT NAME
import crypto from 'node:crypto';
import http from 'node:http';
import tls from 'node:tls';

const [what, ...args] = process.argv.slice(2);

// n bytes that are the same each time.
function* pattern(n) {
    for (let i = 0; n > 0; i++) {
        const block = crypto.createHash('sha512').update(String(i)).digest();

        yield block.subarray(0, Math.min(n, block.length));
        n -= block.length;
    }
}

function site(port) {
    const server = http.createServer((rq, rs) => {
        const url = new URL(rq.url, 'http://site');

        if (url.pathname === '/big') {
            rs.end(Buffer.concat([...pattern(Number(url.searchParams.get('n')))]));
        } else if (rq.method === 'POST') {
            const hash = crypto.createHash('sha256');

            rq.on('data', (b) => hash.update(b));
            rq.on('end', () => rs.end(hash.digest('hex') + '\n'));
        } else {
            rs.end(`client ${rq.headers['x-real-ip']} scheme ${rq.headers['x-forwarded-proto']} host ${rq.headers.host}\n`);
        }
    });
    server.on('upgrade', (rq, socket) => {
        socket.on('error', () => {});
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
        socket.pipe(socket);
    });
    server.listen(Number(port), '127.0.0.1');
}

// Says each line of its own input to the site, prints what comes back and whose certificate it was.
function websocket(host, port, name) {
    const socket = tls.connect({ host, port: Number(port), servername: name, rejectUnauthorized: false }, () => {
        console.log('certificate', socket.getPeerCertificate().subject.CN);
        socket.write(`GET /ws HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    });

    socket.on('data', (b) => process.stdout.write(b));
    socket.on('error', (e) => console.log('error', e.code));
    socket.on('close', () => process.exit(0));
    process.stdin.on('data', (b) => socket.write(b));
    process.stdin.on('end', () => socket.end());
}

if (what === 'site')
    site(...args);
else
    websocket(...args);
