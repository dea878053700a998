// usage: node main.mjs BUILD [--short] [--sanitized] [--long] [NAME...]: NAME picks tests whose name contains it.
import { Runner } from './harness.mjs';
import { servePages } from './pages.mjs';
import { startChromium } from './browsers.mjs';
import { Visavis } from './visavis.mjs';
import basic from './test_basic.mjs';
import operations from './test_operations.mjs';
import codecs from './test_codecs.mjs';
import sdk from './test_sdk.mjs';
import tutorial from './test_tutorial.mjs';
import calls from './test_calls.mjs';
import ends from './test_ends.mjs';
import network from './test_network.mjs';
import events from './test_events.mjs';
import cut from './test_cut.mjs';
import loss from './test_loss.mjs';
import meeting from './test_meeting.mjs';
import crash from './test_crash.mjs';
import restart from './test_restart.mjs';
import paths from './test_paths.mjs';
import ways from './test_ways.mjs';
import agent from './test_agent.mjs';
import soak from './test_soak.mjs';
import firefox from './test_firefox.mjs';
import callApp from './test_call_app.mjs';
import callLogin from './test_call_login.mjs';
import { checkBehaviours } from './behaviours.mjs';

const [buildFolder, ...rest] = process.argv.slice(2);
const short = rest.includes('--short');
const sanitized = rest.includes('--sanitized'); // its memory is no measure of ours
const long = rest.includes('--long'); // what takes minutes for each test
const runner = new Runner(rest.filter((a) => !a.startsWith('--')));
const pages = await servePages();
const chromium = await startChromium();
const servers = [];

// A server for each negotiation style, started when first asked for.
const byStyle = new Map();
async function server(style = 'kurento') {
  if (!byStyle.has(style)) {
    const visavis = await Visavis.start(buildFolder, { OPENVIDU_MEDIA_SERVER: style });
    servers.push(visavis);
    byStyle.set(style, visavis);
  }
  return byStyle.get(style);
}

const context = { runner, pages, chromium, server, short, sanitized, long, buildFolder };
const inOrder = async (suites) => { for (const suite of suites) await suite(context); };
await inOrder([basic, operations, codecs, sdk, tutorial, calls, ends, events, paths, ways, agent, callApp, callLogin, firefox, loss, meeting]);
await Promise.all([inOrder([network, restart, crash]), cut(context)]); // all of these wait a lot
await soak(context);

await chromium.close();
const exits = [];
for (const v of servers) exits.push([v, await v.stop()]);
await runner.test('the servers end with status 0 and nothing on stderr that names a bug', async () => {
  for (const [v, code] of exits) {
    if (code !== 0) throw new Error(`visavis dev ended with ${code}:\n${v.output.slice(-3000)}`);
    const bad = v.output.split('\n').filter((l) => /Sanitizer|runtime error|ended by itself|assert/i.test(l));
    if (bad.length) throw new Error(bad.join('\n'));
  }
});
await checkBehaviours(runner, short);
pages.close();
process.exit(runner.finish() ? 0 : 1);
