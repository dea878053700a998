// Which npm packages esbuild has put into a bundle, with their licences.
// usage: node third-party.mjs METAFILE
import fs from 'node:fs';
import path from 'node:path';

const inputs = Object.keys(JSON.parse(fs.readFileSync(process.argv[2], 'utf8')).inputs);
const folders = new Set();
for (const input of inputs) {
    const found = input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
    if (found) folders.add(found[1]);
}

console.log('The pages of Call hold parts of these projects.\n');
for (const folder of [...folders].sort()) {
    const about = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const text = fs.readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
    console.log('='.repeat(78));
    console.log(`${about.name} ${about.version}, ${about.license ?? 'see below'}\n`);
    for (const name of text) console.log(fs.readFileSync(path.join(folder, name), 'utf8').trimEnd() + '\n');
}
