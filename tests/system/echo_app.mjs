// An app of an operator's own, in Call's place: answers with the request as it came, and takes any
// WebSocket. usage: node echo_app.mjs PORT [SOCKET]
import http from 'node:http';

function text(rq) {
    return `${rq.method} ${rq.url}\n` + Object.entries(rq.headers).map(([k, v]) => `${k}: ${v}\n`).join('');
}

const server = http.createServer((rq, rs) => {
    rq.resume();
    rq.on('end', () => rs.end(text(rq)));
});
server.on('upgrade', (rq, socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n' + text(rq));
});
server.listen(Number(process.argv[2]), '127.0.0.1');
