import { createHash } from 'node:crypto';
import { displayName, ModelId } from '../../lib/model/layout';
import { ChecksumEntry, ModelChecksums } from '../../lib/model/model-checksums';
import { CommandError } from '../cli/command';

/*
 * What is signed: an in-toto statement that lists every file with its SHA-256, in the form of the OpenSSF's model signing
 * (https://github.com/sigstore/model-transparency, `model_signing/_signing/signing.py`). All hashes are in the manifest already.
 */

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'https://model_signing/signature/v1.0';

/** What that project's tool leaves out of a folder unless it is told otherwise. A statement says so, and the manifest, which is signed, has their hashes. */
const IGNORED = ['.git', '.gitattributes', '.github', '.gitignore'];

/** What follows from the other files: a signature that was made before these two were written has neither. */
const DERIVED: string[] = [ModelChecksums.DESCRIPTION_NAME, ModelChecksums.OBJECT_NAME];

/** The statement about a version: every file that is stored below its prefix. */
export function statementOf(id: ModelId, checksums: ModelChecksums): Buffer {
  const resources = storedFiles(checksums)
    .filter(({ path }) => !IGNORED.includes(path.split('/')[0]))
    .sort((a, b) => compareSegments(a.path.split('/'), b.path.split('/')))
    .map(({ path, sha256 }) => ({ name: path, algorithm: 'sha256', digest: sha256 }));
  return Buffer.from(JSON.stringify({
    _type: STATEMENT_TYPE,
    subject: [{ name: displayName(id), digest: { sha256: rootDigest(resources) } }],
    predicateType: PREDICATE_TYPE,
    predicate: { serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: IGNORED }, resources },
  }));
}

/** What a statement was found to say of a version. */
export interface Signed {
  /** What it calls the version: as messages do where it was made here; the tool takes the name of the folder. */
  readonly name: string;
  /** The files that it says nothing of, neither by their names nor by the manifest: such as are allowed to be missing. */
  readonly unnamed: string[];
}

/**
 * Compares a statement with a version.
 *
 * @param id - the version, where it is known which one that is
 * @throws where the statement is about other files, or about another version that has the same
 */
export function compareStatement(statement: Buffer, checksums: ModelChecksums, label: string, id?: ModelId): Signed {
  const { name: subject, resources } = contentOf(statement, label);
  const named = new Map(resources.map(({ name, digest }) => [name, digest]));
  const stored = storedFiles(checksums);
  const paths = new Set(stored.map(({ path }) => path));
  const faults = [
    ...stored.filter(({ path, sha256 }) => named.has(path) && named.get(path) !== sha256).map(({ path }) => `it signs other bytes of '${path}'`),
    ...stored.filter(({ path }) => !named.has(path) && !mayBeUnnamed(path)).map(({ path }) => `it does not sign '${path}'`),
    ...[...named.keys()].filter(name => !paths.has(name)).map(name => `it signs '${name}', which the version does not have`),
  ];
  if (faults.length > 0) throw new CommandError(`${label} is of other files: ${shorten(faults).join('; ')}`);
  if (id !== undefined && isDisplayName(subject) && subject !== displayName(id)) {
    throw new CommandError(`${label} is of ${subject}, not of ${displayName(id)}, whose files are the same: sign this version itself`);
  }
  const isVouched = named.has(ModelChecksums.OBJECT_NAME); // which has the hashes of all others
  return { name: subject, unnamed: [...paths].filter(path => !isVouched && !named.has(path)) };
}

/** Whether a version may be called so. The tool's names are those of folders, which have no '@' as a rule. */
function isDisplayName(name: string): boolean {
  return /^[^@]+@[^@]+$/.test(name);
}

function mayBeUnnamed(path: string): boolean {
  return DERIVED.includes(path) || IGNORED.includes(path.split('/')[0]);
}

function storedFiles(checksums: ModelChecksums): ChecksumEntry[] {
  return [...checksums.entries, { path: ModelChecksums.OBJECT_NAME, sha256: checksums.digest.slice('sha256:'.length) }];
}

interface Resource {
  readonly name: string;
  readonly algorithm: string;
  readonly digest: string;
}

function contentOf(statement: Buffer, label: string): { name: string; resources: Resource[] } {
  const refuse = (reason: string): never => { throw new CommandError(`${label} is refused: ${reason}`); };
  const { _type, subject, predicateType, predicate } = JSON.parse(statement.toString()) ?? {};
  if (_type !== STATEMENT_TYPE) refuse(`its statement is of type '${_type}', expected ${STATEMENT_TYPE}`);
  if (predicateType !== PREDICATE_TYPE) refuse(`its predicate is of type '${predicateType}', expected ${PREDICATE_TYPE}: sign with model-signing 1.0 or newer`);
  const { method, hash_type: hash } = predicate?.serialization ?? {};
  if (method !== 'files' || hash !== 'sha256') refuse(`it signs '${method}' by '${hash}': only whole files by SHA-256 can be compared with a manifest, sign without shards and with the default hash`);
  const resources = predicate.resources as Resource[];
  if (!Array.isArray(resources) || resources.some(one => typeof one?.name !== 'string' || one.algorithm !== 'sha256' || !/^[0-9a-f]{64}$/.test(one.digest))) {
    refuse('a resource has no name, or no SHA-256');
  }
  if (new Set(resources.map(({ name }) => name)).size < resources.length) refuse('it names a file twice');
  if (subject?.length !== 1 || subject[0].digest?.sha256 !== rootDigest(resources)) refuse('the digest of its subject is not that of its resources');
  return { name: String(subject[0].name), resources };
}

/** SHA-256 over the files' digests, as bytes, in their order. */
function rootDigest(resources: Resource[]): string {
  const hash = createHash('sha256');
  for (const { digest } of resources) hash.update(digest, 'hex');
  return hash.digest('hex');
}

/** As Python compares paths: segment by segment, by code points, which is the order of UTF-8 bytes. */
function compareSegments(a: string[], b: string[]): number {
  const index = a.findIndex((segment, at) => segment !== b[at]);
  if (index < 0) return a.length - b.length;
  return index < b.length ? Buffer.compare(Buffer.from(a[index]), Buffer.from(b[index])) : 1;
}

function shorten(lines: string[]): string[] {
  return lines.length <= 10 ? lines : [...lines.slice(0, 10), `and ${lines.length - 10} more`];
}
