import type { Mutant } from './mutant';

const PUBLISH = 'test/bin/publish/publish.test.ts';
const SEVERAL = 'test/bin/publish/several.test.ts';
const DISCARD = 'test/bin/publish/discard.test.ts';
const FOLDER = 'test/bin/publish/folder-source.test.ts';
const MAIN = 'test/bin/cli/main.test.ts';
const OUTPUT = 'test/bin/cli/output.test.ts';

export const PUBLISH_MUTANTS: Mutant[] = [
  {
    what: 'publish: who finds a claim with other content goes on',
    file: 'bin/publish/claim.ts',
    replace: 'if (other === checksums.text) return true;',
    by: 'if (other !== undefined) return true;',
    test: PUBLISH,
    only: 'another content has claimed',
  },
  {
    what: 'publish: the metadata of an object counts as its checksum',
    file: 'bin/publish/objects.ts',
    replace: 'if (digest.parts === undefined && head.Metadata',
    by: 'if (head.Metadata',
    test: PUBLISH,
    only: 'trusted by the checksum',
  },
  {
    what: 'publish: an object of the same size is taken for the same',
    file: 'bin/publish/objects.ts',
    replace: "return await hashOf(store, key, head.ETag) === digest.sha256 ? 'same' : 'other';",
    by: "return 'same';",
    test: PUBLISH,
    only: 'trusted by the checksum',
  },
  {
    what: 'publish: what is there is sent again',
    file: 'bin/publish/upload.ts',
    replace: 'if (known) return this.options.onBytes(file.size, false);',
    by: '',
    test: PUBLISH,
    only: 'sends nothing that is there',
  },
  {
    what: 'publish: the parts of a failed upload stay behind',
    file: 'bin/publish/upload.ts',
    replace: `    } catch (error) {
      await upload.abort();`,
    by: '    } catch (error) {',
    test: PUBLISH,
    only: 'a failure aborts',
  },
  {
    what: 'publish: a lost reply to the completion of an upload is a failure',
    file: 'bin/publish/upload.ts',
    replace: '![404, 412]',
    by: '![412]',
    test: PUBLISH,
    only: 'what passes is tried again',
  },
  {
    what: 'publish: the source is not looked at again before the manifest is written',
    file: 'bin/publish/publish.ts',
    replace: `  await source.check();
  const otherDescription`,
    by: '  const otherDescription',
    test: PUBLISH,
    only: 'a file that comes while',
  },
  {
    what: 'publish: nobody looks whether the claim is still there',
    file: 'bin/publish/publish.ts',
    replace: '  await checkClaim(store, id, checksums);\n',
    by: '',
    test: DISCARD,
    only: 'a publisher that still runs',
  },
  {
    what: 'publish: a published version is discarded',
    file: 'bin/publish/discard.ts',
    replace: 'if ((there !== undefined && there.toString() !== DISCARDING) || await putText(store, manifest, DISCARDING) !== undefined) {',
    by: 'if (there?.toString() === DISCARDING) {',
    test: DISCARD,
    only: 'never discarded',
  },
  {
    what: 'publish: an interrupted command leaves the parts of its upload',
    file: 'bin/publish/command.ts',
    replace: 'await uploader?.stop();',
    by: '',
    test: SEVERAL,
    only: 'told to end',
  },
  {
    what: 'publish: more requests are under way than was asked for',
    file: 'bin/publish/memory.ts',
    replace: 'this.loans < this.maxLoans && ',
    by: '',
    test: 'test/bin/publish/parts.test.ts',
  },
  {
    what: 'publish: a link that leaves the folder is followed',
    file: 'bin/publish/folder-source.ts',
    replace: 'if (!isOurs(found)) return problem',
    by: 'if (false) return problem',
    test: FOLDER,
    only: 'named at once',
  },
  {
    what: 'publish: a blob of a cache is not held to the hash that it is called by',
    file: 'bin/publish/hashing.ts',
    replace: 'if (file.sha256 === undefined || file.sha256 === digest.sha256) return digest;',
    by: 'if (file.path) return digest;',
    test: FOLDER,
    only: 'blobs of its own cache',
  },
  {
    what: 'command line: a wrong call ends as a failure does',
    file: 'bin/cli/main.ts',
    replace: 'return error instanceof UsageError ? 2 : 1;',
    by: 'return 1;',
    test: MAIN,
  },
  {
    what: 'command line: the code of a failure of the system is not told',
    file: 'bin/cli/main.ts',
    replace: "code ?? (name !== 'Error' ? name : undefined)",
    by: "name !== 'Error' ? name : undefined",
    test: MAIN,
  },
  {
    what: 'command line: the rate is that since the beginning',
    file: 'bin/cli/output.ts',
    replace: 'now - at < 10_000',
    by: 'at > 0',
    test: OUTPUT,
  },
  {
    what: 'command line: the bar stays in front of the next line',
    file: 'bin/cli/output.ts',
    replace: `  private say(line: string) {
    this.endBar();
`,
    by: `  private say(line: string) {
`,
    test: OUTPUT,
  },
];
