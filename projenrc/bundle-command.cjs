// Bundles the command line, with the SDK and all else that it needs, into one file: a user of the library installs none of that.
const fs = require('node:fs');
const path = require('node:path');
const { buildSync } = require('esbuild');

const root = path.join(__dirname, '..');

/**
 * @param {string} outfile
 * @param {import('esbuild').BuildOptions} [more] of a test
 * @returns what esbuild says of it
 */
function bundleCommand(outfile, more = {}) {
  return buildSync({
    absWorkingDir: root,
    entryPoints: ['bin/cdk-eks-model-artifacts.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    minify: true,
    keepNames: true, // errors of the SDK are told apart by the names of their classes
    legalComments: 'none', // they are in the file beside it
    metafile: true,
    define: { RELEASE: JSON.stringify(require('../package.json').version) },
    banner: { js: '#!/usr/bin/env node' },
    ...more,
  });
}

/** The licences of all packages that a bundle holds. */
function licencesOf({ inputs }) {
  const folders = new Set(Object.keys(inputs).map(input => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]).filter(Boolean));
  return [...folders].sort().map(folder => {
    const { name, version, license } = JSON.parse(fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    const files = fs.readdirSync(path.join(root, folder)).filter(file => /^(licen[cs]e|notice)/i.test(file)).sort();
    const texts = files.map(file => fs.readFileSync(path.join(root, folder, file), 'utf8').trim());
    return { title: `${name} ${version} (${license})`, text: texts.join('\n\n') };
  });
}

/** Packages that share a text share it here. */
function licenceFile(licences) {
  const byText = new Map();
  for (const { title, text } of licences) byText.set(text, [...byText.get(text) ?? [], title]);
  return [...byText].map(([text, titles]) => `${titles.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}

module.exports = { bundleCommand };

if (require.main === module) {
  const folder = path.join(root, 'build', 'bin');
  const outfile = path.join(folder, 'cdk-eks-model-artifacts.js');
  const { metafile } = bundleCommand(outfile);
  fs.chmodSync(outfile, 0o755);
  fs.writeFileSync(path.join(folder, 'THIRD-PARTY-LICENSES.txt'), licenceFile(licencesOf(metafile)));
}
