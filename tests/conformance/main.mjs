// usage: node main.mjs BUILD [NAME...]: NAME picks parts.
import { Checks } from './kit.mjs';
import { nodeClient } from './node_client.mjs';
import { rawRequests } from './raw.mjs';

const [build, ...only] = process.argv.slice(2);
const checks = new Checks();
const parts = { raw: rawRequests, client: nodeClient };
for (const [name, part] of Object.entries(parts)) {
  if (only.length === 0 || only.includes(name)) await part(checks, build);
}
process.exit(checks.finish() ? 0 : 1);
