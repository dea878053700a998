// Bundles the page once for each client version and serves it on a port of its own.
import { build } from 'esbuild';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const VERSIONS = ['2.29.0', '2.32.2'];

async function bundle(version) {
  const alias = `openvidu-browser-${version.replaceAll('.', '-')}`;
  const result = await build({
    entryPoints: [here('page/client.js')], bundle: true, write: false, format: 'esm', target: 'es2020',
    alias: { 'openvidu-browser': alias, events: 'events' }, define: { global: 'globalThis' }, logLevel: 'error',
  });
  return result.outputFiles[0].contents;
}

export async function servePages() {
  const html = await readFile(here('page/index.html'));
  const files = new Map();
  for (const version of VERSIONS) {
    files.set(`/${version}/`, ['text/html', html]);
    files.set(`/${version}/client.js`, ['text/javascript', await bundle(version)]);
  }
  const servers = [];
  // The pages as those who reach us at this address have them: url(version), origin.
  const at = async (host, name = host) => {
    const server = createServer((request, response) => {
      const [type, content] = files.get(request.url) ?? [];
      response.writeHead(content ? 200 : 404, { 'Content-Type': type ?? 'text/plain' });
      response.end(content);
    });
    await new Promise((resolve) => { server.listen(0, host, resolve); });
    servers.push(server);
    const origin = `http://${name}:${server.address().port}`;
    return { origin, url: (version) => `${origin}/${version}/` };
  };
  return { ...await at('127.0.0.1', 'localhost'), at, close: () => servers.forEach((s) => s.close()) };
}
