// Bundles the command line, with the SDK and all else that it needs, into one file: a user of the library installs none of that.
const path = require('node:path');
const { buildSync } = require('esbuild');

const root = path.join(__dirname, '..');

/** @param {string} outfile */
function bundleCommand(outfile) {
  return buildSync({
    absWorkingDir: root,
    entryPoints: ['bin/cdk-eks-model-artifacts.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    metafile: true,
    banner: { js: '#!/usr/bin/env node' },
  });
}

module.exports = { bundleCommand };
