import * as fs from 'node:fs';
import * as path from 'node:path';
import { succeed } from '../processes';
import { unpack } from './debian';
import { installPinned, INTERPRETER } from './python';
import { Tool } from './tool';

/** Where the CLI is when it is run: beside its launcher, wherever that is. */
const LAUNCHER = `#!/bin/sh
here=\${0%/*}
export PYTHONPATH="$here/package/usr/lib/python3/dist-packages" PYTHONDONTWRITEBYTECODE=1
exec "$here/python/bin/python" -c 'import sys; sys.argv[0] = "aws"; from awscli.clidriver import main; sys.exit(main())' "$@"
`;

/**
 * AWS CLI v2, which is published for no package manager of a language: Debian's package, unpacked, with the Python packages that it requires. Runs as
 * `file('aws')`.
 *
 * @param version of Debian's package, in that suite
 * @param requirements the name of its file in `conformance/python`
 */
export function awsCli(version: string, suite: string, requirements: string): Tool {
  const pinned = path.join(__dirname, '..', 'python', `${requirements}.txt`);
  return new Tool({
    name: 'aws-cli',
    version: version.replace(/-.*/, ''),
    inputs: [version, suite, fs.readFileSync(pinned, 'utf8'), LAUNCHER, INTERPRETER],
    make: async folder => {
      const [unpacked, python] = [path.join(folder, 'package'), path.join(folder, 'python')];
      fs.mkdirSync(unpacked);
      const { awscli } = await unpack(unpacked, { awscli: version }, suite);
      await installPinned(python, pinned);
      const modules = path.join(unpacked, 'usr', 'lib', 'python3', 'dist-packages');
      fs.rmSync(path.join(modules, 'awscli', 'examples'), { recursive: true }); // of its manual
      await succeed(path.join(python, 'bin', 'python'), ['-m', 'compileall', '-q', modules]); // as installing would
      fs.writeFileSync(path.join(folder, 'aws'), LAUNCHER, { mode: 0o755 });
      return awscli.replace(/-.*/, '');
    },
  });
}
