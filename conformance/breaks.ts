/**
 * Shows that each part can fail: breaks one line of the library in a copy of the project, and runs the part, which must turn red.
 * `npm run conformance:breaks`, or `npm run conformance:breaks -- <words>...` for those whose part or description holds one of them.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { finish } from './processes';
import { Break } from '../test/mutants/mutant';
import { breakLine, copyProject } from '../test/mutants/project-copy';

interface PartBreak extends Break {
  /** The part that must turn red. */
  readonly part: string;
  /** What it must say. */
  readonly says: RegExp;
}

const BREAKS: PartBreak[] = [
  {
    part: 'static',
    what: 'a field is misspelt',
    file: 'lib/delivery/transfer-container.ts',
    replace: 'readOnlyRootFilesystem: true,',
    by: '...{ readOnlyRootFilesystm: true },',
    says: /strict validation.*readOnlyRootFilesystm/,
  },
  {
    part: 'static',
    what: 'a field that the older minor drops',
    file: 'lib/workload/server-pod.ts',
    replace: 'priorityClassName: props.priorityClassName,',
    by: 'priorityClassName: props.priorityClassName, ...{ hostUsers: false },',
    says: /come back as they were sent.*hostUsers: lost/,
  },
  {
    part: 'static',
    what: 'the download may run as root',
    file: 'lib/delivery/transfer-container.ts',
    replace: '      runAsNonRoot: true,\n',
    by: '',
    says: /users' own templates.*download-/,
  },
  {
    part: 'static',
    what: 'the application can write its model',
    file: 'lib/delivery/transfer-container.ts',
    replace: '`${folder}/models`, readOnly: true }',
    by: '`${folder}/models`, readOnly: false }',
    says: /servers let through.*can write the volume model-/,
  },
  {
    part: 'attach',
    what: 'a word that is a boolean is written as a text',
    file: 'lib/yaml/yaml-scalars.ts',
    replace: "'true', 'True', 'TRUE', 'on', ",
    by: "'true', 'True', 'TRUE', ",
    says: /differ in what the delivery added: pod\.yaml/,
  },
  {
    part: 'attach',
    what: 'a model takes the place of the mounts that were there',
    file: 'lib/delivery/pod-template.ts',
    replace: 'const result = [...present ?? []];',
    by: "const result = key === 'mountPath' ? [] : [...present ?? []];",
    says: /differ in what the delivery added/,
  },
  {
    part: 'attach',
    what: 'a Deployment keeps the deadline that it had',
    file: 'lib/delivery/deadlines.ts',
    replace: 'if (!PROGRESSING.includes(object.kind) || ',
    by: "if (object.kind === 'Deployment' || !PROGRESSING.includes(object.kind) || ",
    says: /lacks what the delivery says it added: spec\.progressDeadlineSeconds/,
  },
  {
    part: 'signatures',
    what: 'what is signed is not what the format says, and our own verify agrees',
    file: 'bin/sign/bundle.ts',
    replace: '`DSSEv1 ${',
    by: '`DSSEv2 ${',
    says: /accepts signatures of publish and sign.*a signature of publish/,
  },
  {
    part: 'publishing',
    what: 'objects are written over',
    file: 'bin/publish/objects.ts',
    replace: "IfNoneMatch: '*', ",
    by: '',
    says: /publish: whole or not at all/,
  },
  {
    part: 'publishing',
    what: 'other bytes are taken',
    file: 'bin/verify/check.ts',
    replace: 'return found === sha256 ?',
    by: 'return found !== path ?',
    says: /an object with one other bit is found/,
  },
  {
    part: 'templates',
    what: 'an action that S3 does not have',
    file: 'lib/access/model-grant.ts',
    replace: "access.actions ?? ['s3:GetObject']",
    by: "access.actions ?? ['s3:GetObjects']",
    says: /no finding that is not explained: s3-download: W3037/,
  },
  {
    part: 'downloads',
    what: 'what landed is not compared with its hash',
    file: 'lib/delivery/transfer-verify.sh',
    replace: 'if [ "$found" = "$expected" ]; then',
    by: 'if [ "$found" != - ]; then',
    says: /: let through.*exit code 0, model-0000.* is wrong/,
  },
  {
    part: 'downloads',
    what: 'an attempt has no deadline',
    file: 'lib/delivery/transfer-process.sh',
    replace: 'exec timeout -k 5 "$limit" "$@"',
    by: 'exec "$@"',
    says: /body drips.*: hang/,
  },
  {
    part: 'modelcar',
    what: 'the link of an earlier process stays',
    file: 'lib/delivery/modelcar.ts',
    replace: "const LINK = 'ln -sfn ",
    by: "const LINK = 'ln -sf ",
    says: /ours takes the place of a link/,
  },
  {
    part: 'oci',
    what: 'files of an image may be written',
    file: 'lib/oci/image-layers.sh',
    replace: '--mode=a=rX',
    by: '--mode=a=rwX',
    says: /OCI-07 amd64: files/,
  },
  {
    part: 'kserve',
    what: 'no init container takes the place of KServe\'s own',
    file: 'lib/kserve/predictor.ts',
    replace: '{ ...each, name: INITIALIZER }',
    by: 'each',
    says: /init containers of the pod differ/,
  },
  {
    part: 'node',
    what: 'bytes are published whatever their hash is',
    file: 'lib/delivery/transfer-verify.sh',
    replace: 'if [ "$found" = "$expected" ]; then',
    by: 'if [ "$found" != - ]; then',
    says: /a flipped bit in the bucket keeps the pod in Init/,
  },
  {
    part: 'node',
    what: 'the application gets what the webhook adds',
    file: 'lib/delivery/withheld-credentials.ts',
    replace: 'withholdCredentials ?? !hasOwnRole ?',
    by: 'hasOwnRole && withholdCredentials ?',
    says: /the application reads no credentials/,
  },
  {
    part: 'node',
    what: 'the application can write its model',
    file: 'lib/delivery/transfer-container.ts',
    replace: '`${folder}/models`, readOnly: true }',
    by: '`${folder}/models`, readOnly: false }',
    says: /the application writes nothing to the model/,
  },
  {
    part: 'node',
    what: 'the first refusal of the agent ends the download',
    file: 'lib/delivery/pod-identity.sh',
    replace: '[ "$credentials_left" -gt 0 ] || die 77',
    by: '[ "$credentials_left" -gt 86400 ] || die 77',
    says: /an association that comes late heals the pod/,
  },
];

async function main() {
  const words = process.argv.slice(2);
  const copy = copyProject();
  process.on('exit', () => fs.rmSync(copy, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  let [passed, failed] = [0, 0];
  for (const each of BREAKS.filter(({ part, what }) => words.length === 0 || words.some(word => `${part}: ${what}`.includes(word)))) {
    const mend = breakLine(copy, each);
    const { code, stdout } = await finish(process.execPath, ['--import', 'tsx', path.join(copy, 'conformance', 'run.ts'), each.part], { cwd: copy });
    mend();
    const told = stdout.split('\n').find(line => line.startsWith('FAILED') && each.says.test(line));
    if (code !== 0 && told) passed++; else failed++;
    process.stdout.write(`${code !== 0 && told ? 'ok    ' : 'FAILED'} ${each.part}: ${each.what}${told ? `\n         ${told.slice(0, 200)}` : `\n${stdout}`}\n`);
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

void main();
