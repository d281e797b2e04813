import { Mutant } from './mutant';

const PLAN = { file: 'bin/prune/plan.ts', test: 'test/bin/prune/plan.test.ts' };
const REFERENCES = { file: 'bin/prune/references.ts', test: 'test/bin/prune/references.test.ts' };
const INVENTORY = { file: 'bin/prune/inventory.ts', test: 'test/bin/prune/inventory.test.ts' };
const REMOVE = { file: 'bin/prune/remove.ts', test: 'test/bin/prune/prune.test.ts' };
const UNDO = { file: 'bin/prune/undo.ts', test: 'test/bin/prune/prune.test.ts' };

/** Breaks of what decides which versions are removed, of their removal, and of bringing them back. */
export const PRUNE_MUTANTS: Mutant[] = [
  { what: 'a referenced digest protects nothing', ...PLAN, file: 'bin/prune/references.ts', replace: '[digest.replace(/^sha256:/, \'\')]', by: '[]' },
  { what: 'versions that are half removed count among the newest', ...PLAN, replace: 'if (!halfRemoved && digest !== undefined) times', by: 'if (digest !== undefined) times' },
  { what: 'versions that can\'t be read count among the newest', ...PLAN, replace: 'if (!halfRemoved && digest !== undefined) times', by: 'if (!halfRemoved) times' },
  { what: 'one version too few is kept', ...PLAN, replace: 'newer < rules.keep', by: 'newer + 1 < rules.keep' },
  { what: 'versions are offered whose manifest can\'t be read', ...PLAN, replace: 'if (version.digest === undefined) reasons', by: 'if (rules.keep > 99) reasons' },
  { what: 'a bucket whose name ends in models hides keys', ...REFERENCES, replace: '${MODELS}(?=(_shared|[a-z0-9][-a-z0-9]*)/(${NAME})/(?:(${VERSION})(/)?)?)', by: '${MODELS}(_shared|[a-z0-9][-a-z0-9]*)/(${NAME})/(?:(${VERSION})(/)?)?' },
  { what: 'strings that go on in the next line are not joined', ...REFERENCES, replace: '    .replace(/\\\\\\r?\\n[ \\t]*\\\\?/g, \'\')\n', by: '' },
  { what: 'the ReplicaSets of a rollback may be missing', ...INVENTORY, replace: 'if (!controller || kinds.has(kind)', by: 'if (!controller || kind || kinds.has(kind)' },
  { what: 'an old inventory proves what runs', ...INVENTORY, replace: 'if (age > maximumAgeMs) return', by: 'if (age > 99 * maximumAgeMs) return' },
  { what: 'the claim is not the last to be removed', ...REMOVE, file: 'bin/prune/catalog.ts', replace: '[SIGNATURES, MODELS, PUBLISHING]', by: '[PUBLISHING, SIGNATURES, MODELS]', only: 'removes what is offered' },
  { what: 'what changed after it was judged is removed', ...REMOVE, replace: 'now === undefined || fingerprint(now) !== fingerprint(judged)', by: 'now === undefined', only: 'changes after it was judged' },
  { what: 'a missing file does not keep a version from coming back', ...UNDO, replace: 'if (gone.length > 0) refuse', by: 'if (gone.length > 99) refuse', only: 'forgot a file' },
  { what: 'the manifest comes back before the files', ...UNDO, replace: '[...itsOwn, ...files.keys()]', by: '[manifestKey(MODELS, id), ...itsOwn, ...files.keys()]', only: 'could not be the last' },
  { what: 'a version comes back with bytes of another', ...UNDO, replace: 'if (object.lastModified < removedAt || await', by: 'if (object !== undefined || await', only: 'with other bytes' },
  { what: 'a discard after its removal keeps a version from coming back', ...UNDO, replace: 'if (isDiscarding(text ?? \'\')) {', by: 'if (text === undefined) {', only: 'were cleared since' },
  { what: 'the claim of another attempt comes back with a version', ...UNDO, replace: 'newest(kept, key) !== undefined && newest(kept, key)!.lastModified < removedAt', by: 'newest(kept, key) !== undefined', only: 'were cleared since' },
  { what: 'what is being discarded is a version', ...REMOVE, file: 'bin/prune/catalog.ts', replace: 'return isDiscarding(text ?? \'\') ? undefined : { id, stored, publishedAt: manifest', by: 'return { id, stored, publishedAt: manifest', only: 'being discarded is not published' },
  { what: 'escapes in URLs hide keys', ...REFERENCES, replace: '(decoded === text ? [text] : [text, decoded])', by: '[text]' },
  { what: 'a version comes back over what somebody publishes', ...UNDO, replace: 'if (again) throw', by: 'if (again && kept.size > 99) throw', only: 'over what somebody publishes' },
];
