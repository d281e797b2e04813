import { Mutant } from './mutant';

const HUB = 'test/bin/publish/hub-source.test.ts';
const BUCKET = 'test/bin/publish/bucket-source.test.ts';

/** Breaks of what is published from a hub and from a bucket. */
export const PUBLISH_SOURCE_MUTANTS: Mutant[] = [
  {
    what: 'a file outside of the LFS is not checked against the commit',
    file: 'bin/publish/hub-source.ts',
    replace: 'if (arrived !== oid) throw',
    by: 'if (arrived === \'\') throw',
    test: HUB,
    only: 'other bytes is refused',
  },
  {
    what: 'a branch passes for a commit',
    file: 'bin/publish/hub-source.ts',
    replace: 'if (!/^[0-9a-f]{40}$/.test(revision ?? \'\')) {',
    by: 'if (revision === undefined) {',
    test: HUB,
    only: 'is refused',
  },
  {
    what: 'a broken stream begins at its start again',
    file: 'bin/publish/hub-client.ts',
    replace: '`bytes=${at}-${end - 1}`',
    by: '`bytes=${start}-${end - 1}`',
    test: HUB,
    only: 'breaks off',
  },
  {
    what: 'a stream goes on with another object',
    file: 'bin/publish/hub-client.ts',
    replace: 'if (etag !== undefined && now !== etag) throw',
    by: 'if (etag === \'\') throw',
    test: HUB,
    only: 'other bytes is refused',
  },
  {
    what: 'the hub\'s wait is not kept',
    file: 'bin/publish/hub-client.ts',
    replace: 'const waitMs = waitOf(response.headers);',
    by: 'const waitMs = 0;',
    test: HUB,
    only: 'a wait',
  },
  {
    what: 'a listing goes on at another host, with the token',
    file: 'bin/publish/hub-client.ts',
    replace: 'if (next !== undefined && new URL(next).origin !== new URL(this.endpoint).origin) throw',
    by: 'if (next === \'\') throw',
    test: HUB,
    only: 'none of a hub',
  },
  {
    what: 'the first page of a listing is all of it',
    file: 'bin/publish/hub-client.ts',
    replace: 'next = following === undefined ? undefined : new URL(following, page).href;',
    by: 'next = undefined;',
    test: HUB,
    only: 'every file',
  },
  {
    what: 'S3 copies what is there now',
    file: 'bin/publish/parted-upload.ts',
    replace: '      CopySourceIfMatch: from.etag,\n',
    by: '',
    test: BUCKET,
    only: 'S3 copies|other bytes|meanwhile',
  },
  {
    what: 'what S3 copied is not compared',
    file: 'bin/publish/copy.ts',
    replace: 'if (copied === digest.parts![index]) return;',
    by: 'if (copied) return;',
    test: BUCKET,
    only: 'a copy of other bytes',
  },
  {
    what: 'an object that changed is read on',
    file: 'bin/publish/bucket-source.ts',
    replace: 'IfMatch: etag, ',
    by: '',
    test: BUCKET,
    only: 'object that changed',
  },
  {
    what: 'a published version is not held against its manifest',
    file: 'bin/publish/bucket-source.ts',
    replace: 'bucketFile(source, object, manifest?.get(object.path))',
    by: 'bucketFile(source, object, undefined)',
    test: BUCKET,
    only: 'damaged|brings',
  },
  {
    what: 'a prefix takes its neighbours in',
    file: 'bin/publish/bucket-source.ts',
    replace: 'prefix.endsWith(\'/\') ? prefix : `${prefix}/`',
    by: 'prefix.endsWith(\'/\') ? prefix : prefix',
    test: BUCKET,
    only: 'in another region',
  },
];
