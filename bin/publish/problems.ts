import * as fs from 'node:fs';
import type { SourceFile } from './source';
import { ModelChecksums } from '../../lib/model/model-checksums';

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: a pointer begins with this line and is shorter than 1,024 bytes. */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1\n';

/** What is wrong with files that were listed, one line for each: names that can't be keys, and pointers in place of weights. */
export async function folderProblems(files: readonly SourceFile[]): Promise<string[]> {
  const problems: string[] = [];
  for (const file of files) {
    const name = nameProblem(file.path);
    const content = file.size < 1_024 ? await fs.promises.readFile(file.local!.path, 'latin1') : '';
    if (name !== undefined) problems.push(name);
    if (content.startsWith(LFS_POINTER)) problems.push(`'${file.path}' is a pointer of Git LFS, not the file itself: run git lfs pull`);
  }
  return problems;
}

/** Why a path can't be a file of a model. */
export function nameProblem(path: string): string | undefined {
  const any = '0'.repeat(64);
  try {
    ModelChecksums.of([{ path, sha256: any }, { path: ModelChecksums.DESCRIPTION_NAME, sha256: any }]);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
