// Copies the in-pod programs (*.sh) beside the compiled code: jsii leaves everything but TypeScript behind.
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
for (const file of fs.readdirSync(path.join(root, 'lib'), { recursive: true })) {
  if (!file.endsWith('.sh')) continue;
  const target = path.join(root, 'build', 'lib', file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(path.join(root, 'lib', file), target);
}
