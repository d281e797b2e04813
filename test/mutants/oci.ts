import { Mutant } from './mutant';

/** Breaks of the ways in which a model comes in an image. */
export const OCI_MUTANTS: Mutant[] = [
  {
    what: 'a copy brings links, and not what they lead to',
    file: 'lib/delivery/fetch-cp.sh',
    replace: 'limited "$attempt_limit" cp -L "$1" "$2"',
    by: 'limited "$attempt_limit" cp -P "$1" "$2"',
    test: 'test/delivery/program/copy.test.ts',
    only: 'links lead to',
  },
  {
    what: 'a batch of files is not copied',
    file: 'lib/delivery/fetch-cp.sh',
    replace: 'cp -L "$path" "$file" || exit; done',
    by: 'test -e "$path" || exit; done',
    test: 'test/delivery/program/copy.test.ts',
    only: 'small files',
  },
  {
    what: 'a copy asks for a region',
    file: 'lib/delivery/fetch-cp.sh',
    replace: "fetch_region=''",
    by: 'fetch_region=1',
    test: 'test/delivery/program/copy.test.ts',
    only: 'without network',
  },
  {
    what: 'a copy takes any source',
    file: 'lib/delivery/fetch-cp.sh',
    replace: 'case $1 in /?*/) ;; *) return 1 ;; esac',
    by: ':',
    test: 'test/delivery/program/copy.test.ts',
    only: 'not a folder',
  },
  {
    what: 'an image is pulled and let go',
    file: 'lib/workload/model-image-prefetch.ts',
    replace: "'exec sleep infinity'",
    by: "'exit 0'",
    test: 'test/workload/model-image-prefetch.test.ts',
  },
  {
    what: 'containers of a prefetch are named by their place',
    file: 'lib/workload/model-image-prefetch.ts',
    replace: '-${sha256(reference).slice(0, 10)}`',
    by: '`',
    test: 'test/workload/model-image-prefetch.test.ts',
  },
];
