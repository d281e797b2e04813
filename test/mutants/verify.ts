import { Mutant } from './mutant';

const VERIFY = 'test/bin/verify/command.test.ts';
const SIGNATURES = 'test/bin/sign/signatures.test.ts';

/** Breaks of verifying, of signing, of the check of a build context, and of imports. */
export const VERIFY_MUTANTS: Mutant[] = [
  {
    what: 'verify takes other bytes for right',
    file: 'bin/verify/check.ts',
    replace: 'return found === sha256 ? undefined',
    by: 'return found.length === sha256.length ? undefined',
    test: VERIFY,
    only: 'every finding',
  },
  { what: 'verify names no surplus objects', file: 'bin/verify/check.ts', replace: 'paths?.filter(path => !named.has(path))', by: 'paths?.filter(() => false)', test: VERIFY, only: 'every finding' },
  { what: 'verify does not add up sizes', file: 'bin/verify/check.ts', replace: 'bytes !== totalBytes', by: 'bytes < 0', test: VERIFY, only: 'not of one publication' },
  {
    what: 'verify takes any manifest',
    file: 'bin/verify/command.ts',
    replace: 'expected !== undefined && checksums.digest !== expected',
    by: 'expected !== undefined && checksums.digest === undefined',
    test: VERIFY,
    only: 'not the expected one',
  },
  { what: 'verify does not see the folder of a pod', file: 'bin/verify/folder.ts', replace: '? inPod : folder', by: '? folder : folder', test: VERIFY, only: 'with the files in "models"' },
  {
    what: 'any signature is one of the key',
    file: 'bin/sign/bundle.ts',
    replace: "key, Buffer.from(signatures[0].sig, 'base64'))) return content;",
    by: "key, Buffer.from(signatures[0].sig, 'base64')) || true) return content;",
    test: SIGNATURES,
    only: 'a changed statement',
  },
  { what: 'the type of the payload is not signed', file: 'bin/sign/bundle.ts', replace: 'DSSEv1 ', by: 'DSSEV1 ', test: SIGNATURES, only: 'by the tool' },
  { what: 'a statement may lack weights', file: 'bin/sign/statement.ts', replace: '&& !mayBeUnnamed(path)', by: '&& false', test: SIGNATURES, only: 'a file that is missing' },
  { what: 'a statement may have other bytes', file: 'bin/sign/statement.ts', replace: 'named.get(path) !== sha256', by: 'named.get(path) === undefined', test: SIGNATURES, only: 'other bytes' },
  { what: 'a statement of another hash is taken', file: 'bin/sign/statement.ts', replace: "|| hash !== 'sha256'", by: '', test: SIGNATURES, only: 'another hash is refused' },
  {
    what: 'a signature of another version is taken',
    file: 'bin/sign/statement.ts',
    replace: 'isDisplayName(subject) && subject !== displayName(id)',
    by: 'isDisplayName(subject) && subject === undefined',
    test: 'test/bin/sign/command.test.ts',
    only: 'of another version',
  },
  {
    what: 'a signature is overwritten',
    file: 'bin/sign/signatures.ts',
    replace: "IfNoneMatch: '*', ",
    by: '',
    test: 'test/bin/sign/command.test.ts',
    only: 'signed once',
  },
  {
    what: 'KMS signs the message and not its digest',
    file: 'bin/sign/kms.ts',
    replace: "MessageType: 'DIGEST'",
    by: "MessageType: 'RAW'",
    test: 'test/bin/sign/signer.test.ts',
    only: 'KMS key of prime256v1',
  },
  {
    what: '.dockerignore is read without regard to case',
    file: 'bin/check-context/context.ts',
    replace: 'ignorecase: false',
    by: 'ignorecase: true',
    test: 'test/bin/check-context/command.test.ts',
    only: 'its own rules hold',
  },
  {
    what: 'weights by another name are not seen',
    file: 'bin/check-context/weights.ts',
    replace: "if (isSafetensors(head, size)) return 'safetensors';",
    by: '',
    test: 'test/bin/check-context/command.test.ts',
    only: 'by-content',
  },
  {
    what: 'an import of something else has the name of the one before',
    file: 'lib/workload/model-import.ts',
    replace: 'JSON.stringify([spec, props.patches ?? []])',
    by: 'JSON.stringify([spec.backoffLimit])',
    test: 'test/workload/model-import.test.ts',
    only: 'stands for all',
  },
];
