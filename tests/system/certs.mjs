// What tests/system/certs.sh needs of Node.js.
//   get HOST PORT ADDRESS           prints the body of https://HOST:PORT/ asked of ADDRESS
//   upstream PORT                   a server that echoes what comes after an Upgrade
//   hold HOST PORT ADDRESS CA FILE  an upgraded connection that says a word ten times a second; prints
//                                   "open SERIAL", and "closed" when it ends; the answers are counted in FILE
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

const [verb, ...args] = process.argv.slice(2);
const nameOf = (host) => (net.isIP(host) ? undefined : host);

function get(host, port, address) {
  const lookup = (name, options, done) =>
    (options.all ? done(null, [{ address, family: net.isIP(address) }]) : done(null, address, net.isIP(address)));
  https.get({ host, port, lookup, servername: nameOf(host) ?? '', agent: false }, (res) => res.pipe(process.stdout))
    .on('error', (e) => { console.error(e.message); process.exit(1); });
}

function upstream(port) {
  const server = http.createServer((req, res) => res.end('hello of visavis\n'));
  server.on('upgrade', (req, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
}

function hold(host, port, address, ca, file) {
  const socket = tls.connect({ host: address, port, servername: nameOf(host) ?? '', ca: fs.readFileSync(ca),
    checkServerIdentity: (_, cert) => tls.checkServerIdentity(host, cert) });
  let answers = 0;
  socket.on('secureConnect', () => {
    console.log(`open ${socket.getPeerCertificate().serialNumber}`);
    socket.write(`GET /echo HTTP/1.1\r\nHost: ${host}\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n`);
    setInterval(() => socket.write('word\n'), 100);
  });
  socket.on('data', (data) => {
    answers += (data.toString().match(/word/g) ?? []).length;
    fs.writeFileSync(file, `${answers}\n`);
  });
  socket.on('error', (e) => console.log(e.message));
  socket.on('close', () => { console.log('closed'); process.exit(1); });
}

({ get, upstream, hold })[verb](...args);
