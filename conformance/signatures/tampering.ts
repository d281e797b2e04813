import * as fs from 'node:fs';
import * as path from 'node:path';
import { flipBit, sha256 } from '../bytes';

/** A copy of a published version with a signature of it, and the key that it should be by. */
export interface SignedCopy {
  readonly folder: string;
  readonly signature: string;
  readonly publicKey: string;
}

/** What somebody may do to a copy, and what is said of it. */
export interface Tampering {
  readonly name: string;
  /** Changes the copy, or says what is verified in its place. */
  readonly make: (copy: SignedCopy, otherKey: string) => Partial<SignedCopy> | void;
  /** What `model_signing` says. */
  readonly theirs: RegExp;
  /** What `verify` says. */
  readonly ours: RegExp;
}

/** A file that every copy has. */
export const FILE = 'weights/ü/é 文.safetensors';
const MANIFEST = 'manifest.sha256';

const MISMATCH = /Signature mismatch: .*Hash mismatch for/;

export const TAMPERINGS: Tampering[] = [
  {
    name: 'a file with one other bit',
    make: ({ folder }) => flipBit(path.join(folder, FILE)),
    theirs: MISMATCH,
    ours: /has other bytes/,
  },
  {
    name: 'a file with one other bit, and its manifest changed to match',
    make: ({ folder }) => {
      const file = path.join(folder, FILE);
      const before = sha256(fs.readFileSync(file));
      flipBit(file);
      const manifest = path.join(folder, MANIFEST);
      fs.writeFileSync(manifest, fs.readFileSync(manifest, 'utf8').replace(before, sha256(fs.readFileSync(file))));
    },
    theirs: MISMATCH,
    ours: /is of other files: it signs other bytes/,
  },
  {
    name: 'a manifest that lacks a file',
    make: ({ folder }) => {
      const manifest = path.join(folder, MANIFEST);
      fs.writeFileSync(manifest, fs.readFileSync(manifest, 'utf8').split('\n').filter(line => !line.endsWith(`  ${FILE}`)).join('\n'));
    },
    theirs: MISMATCH,
    ours: /is of other files/,
  },
  {
    name: 'a file more',
    make: ({ folder }) => fs.writeFileSync(path.join(folder, 'more.txt'), 'more'),
    theirs: /Extra files found/,
    ours: /more\.txt is there, but the manifest does not name it/,
  },
  {
    name: 'a file less',
    make: ({ folder }) => fs.rmSync(path.join(folder, FILE)),
    theirs: /Missing files/,
    ours: /is missing/,
  },
  {
    name: 'another key',
    make: (_, otherKey) => ({ publicKey: otherKey }),
    theirs: /Key mismatch/,
    ours: /is signed with another key/,
  },
  {
    name: 'a statement with another name',
    make: ({ signature }) => {
      const bundle = JSON.parse(fs.readFileSync(signature, 'utf8'));
      const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString());
      statement.subject[0].name = 'another';
      bundle.dsseEnvelope.payload = Buffer.from(JSON.stringify(statement)).toString('base64');
      fs.writeFileSync(signature, JSON.stringify(bundle));
    },
    theirs: /Verification failed/,
    ours: /its signature is not that of its content/,
  },
];

/** A copy of a copy, tampered with. */
export function tamperedCopy({ make }: Tampering, { folder, signature, publicKey }: SignedCopy, otherKey: string, where: string): SignedCopy {
  fs.mkdirSync(where, { recursive: true });
  const copy = { folder: path.join(where, 'copy'), signature: path.join(where, 'signature.json'), publicKey };
  fs.cpSync(folder, copy.folder, { recursive: true });
  fs.copyFileSync(signature, copy.signature);
  return { ...copy, ...make(copy, otherKey) };
}
