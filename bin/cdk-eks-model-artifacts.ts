import { BUILD_IMAGE } from './build-image/command';
import { CHECK_CONTEXT } from './check-context/command';
import type { Command } from './cli/command';
import { main } from './cli/main';
import { PRUNE } from './prune/command';
import { PUBLISH } from './publish/command';
import { SIGN } from './sign/command';
import { VERIFY } from './verify/command';

const COMMANDS: { [name: string]: Command } = {
  'publish': PUBLISH,
  'verify': VERIFY,
  'prune': PRUNE,
  'sign': SIGN,
  'build-image': BUILD_IMAGE,
  'check-context': CHECK_CONTEXT,
};

// Node.js 20 is good for the version of the SDK that is bundled here.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// Who reads the output may go, as `head` does. What is under way still comes to its end: half of a removal, or parts of an upload, would stay behind.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', error => { if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error; });
}

/** The version of the package: the bundler puts it here. */
declare const RELEASE: string;

void main(COMMANDS, process.argv.slice(2), { out: process.stdout, err: process.stderr }, RELEASE).then(code => { process.exitCode = code; });
