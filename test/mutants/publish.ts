import type { Mutant } from './mutant';

const PUBLISH = 'test/bin/publish/publish.test.ts';
const SEVERAL = 'test/bin/publish/several.test.ts';
const DISCARD = 'test/bin/publish/discard.test.ts';
const RESTORE = 'test/bin/publish/restore.test.ts';
const FOLDER = 'test/bin/publish/folder-source.test.ts';
const MAIN = 'test/bin/cli/main.test.ts';
const OUTPUT = 'test/bin/cli/output.test.ts';
const STORE = 'test/bin/cli/store.test.ts';

export const PUBLISH_MUTANTS: Mutant[] = [
  {
    what: 'publish: who finds a claim with other content goes on',
    file: 'bin/publish/claim.ts',
    replace: 'if (there.content.toString() === checksums.text) return',
    by: 'if (there.content.length > 0) return',
    test: PUBLISH,
    only: 'another content has claimed',
  },
  {
    what: 'publish: the metadata of an object counts as its checksum',
    file: 'bin/publish/objects.ts',
    replace: "if (!mayRead) return 'same';",
    by: "if (!mayRead || head.Metadata?.sha256 === digest.sha256) return 'same';",
    test: 'test/bin/publish/hub-source.test.ts',
    only: 'a commit is published',
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
    replace: 'if (known) {',
    by: 'if (known && published) {',
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
  const descriptionKey`,
    by: '  const descriptionKey',
    test: PUBLISH,
    only: 'a file that comes while',
  },
  {
    what: 'publish: nobody looks whether the claim is still there',
    file: 'bin/publish/publish.ts',
    replace: '  await checkClaim(store, id, claimed);\n',
    by: '',
    test: DISCARD,
    only: 'a publisher that still runs',
  },
  {
    what: 'publish: a published version is discarded',
    file: 'bin/publish/discard.ts',
    replace: 'if (!isDiscarding(there.content.toString())) throw this.published();',
    by: '',
    test: DISCARD,
    only: 'never discarded',
  },
  {
    what: 'publish: an attempt that ended can not be taken up',
    file: 'bin/publish/claim.ts',
    replace: 'if (there.content.toString() === checksums.text) return',
    by: 'if (there.content.toString() === checksums.text && there.metadata.attempt === attempt) return',
    test: SEVERAL,
    only: 'killed at ten',
  },
  {
    what: 'publish: a claim that was made anew for the same content holds for those before',
    file: 'bin/publish/claim.ts',
    replace: 'return [metadata.attempt, etag, lastModified.toISOString()].join(\' \');',
    by: 'return [etag, metadata.none, lastModified.getTime() > 0].join(\' \');',
    test: DISCARD,
    only: 'made anew for the same content',
  },
  {
    what: 'publish: who was overtaken goes on discarding',
    file: 'bin/publish/discard.ts',
    replace: 'if (there?.content.toString() !== this.marker) throw this.takenOver();',
    by: 'if (there === undefined) throw this.takenOver();',
    test: DISCARD,
    only: 'is overtaken',
  },
  {
    what: 'publish: all that discard have the same marker',
    file: 'bin/publish/discard.ts',
    replace: '`${DISCARDING} ${randomUUID()}\\n`',
    by: '`${DISCARDING} ${randomUUID().length}\\n`',
    test: DISCARD,
    only: 'is overtaken',
  },
  {
    what: 'publish: a claim holds while a discard is taken over',
    file: 'bin/publish/discard.ts',
    replace: `    // For a moment no marker is there: no claim may hold in it, for files of it may be gone.
    const claimed = await this.store.get(this.claim);`,
    by: '    const claimed = await this.store.get(`${this.claim}.none`);',
    test: DISCARD,
    only: 'taken over',
  },
  {
    what: 'publish: what is to be published is discarded',
    file: 'bin/publish/command.ts',
    replace: 'checkNotDiscarded(from, store, id);',
    by: 'void checkNotDiscarded;',
    test: DISCARD,
    only: 'would be discarded',
  },
  {
    what: 'publish: a published version that lacks files is said to be well',
    file: 'bin/publish/publish.ts',
    replace: 'const lacked = await restore();',
    by: 'const lacked = { files: 0, sentBytes: 0 };',
    test: RESTORE,
    only: 'brings what a published',
  },
  {
    what: 'publish: nobody looks again for what was there already',
    file: 'bin/publish/publish.ts',
    replace: 'claimed.resuming || brought.files < files.length ? await restore()',
    by: 'claimed.resuming && brought.files > files.length ? await restore()',
    test: RESTORE,
    only: 'counted on',
  },
  {
    what: 'publish: told to end after the manifest, it says that nothing is published',
    file: 'bin/publish/command.ts',
    replace: 'manifestSent = true;',
    by: '',
    test: PUBLISH,
    only: 'once the manifest was sent',
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
    what: 'command line: an answer that breaks off ends the command',
    file: 'bin/cli/store.ts',
    replace: 'if (attempt === READS) throw error;',
    by: 'throw error;',
    test: STORE,
  },
  {
    what: 'command line: a listing that is cut is taken for the whole',
    file: 'bin/cli/store.ts',
    replace: 'page.IsTruncated === true || ',
    by: '',
    test: STORE,
  },
  {
    what: 'command line: names steer the terminal',
    file: 'bin/cli/output.ts',
    replace: '|[\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f]',
    by: '',
    test: OUTPUT,
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
