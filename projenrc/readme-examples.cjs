// Writes each TypeScript example of the README, within the fixture that says what it takes for granted, to a file of its own for the compiler.
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const folder = path.join(root, 'rosetta', 'examples');
const fixture = fs.readFileSync(path.join(root, 'rosetta', 'default.ts-fixture'), 'utf8');
const examples = [...fs.readFileSync(path.join(root, 'README.md'), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)];
if (examples.length === 0 || !fixture.includes('/// here')) throw new Error('the README has no examples, or the fixture has no place for them');

fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });
examples.forEach(([, text], index) => fs.writeFileSync(path.join(folder, `readme-${index + 1}.ts`), fixture.replace('/// here', () => text)));
