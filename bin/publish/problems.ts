import * as fs from 'node:fs';
import type { SourceFile } from './source';
import { ModelChecksums } from '../../lib/model/model-checksums';

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: a pointer begins with this line and is shorter than 1,024 bytes. */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1\n';
export const MAX_POINTER = 1_023;

/** Whether a file of at most `MAX_POINTER` bytes only says where the LFS of Git has the file itself. */
export function isPointer(content: Buffer): boolean {
  return content.toString('latin1').startsWith(LFS_POINTER);
}

/** What is wrong with files that were listed, one line for each: names that can't be keys, and pointers in place of weights. */
export async function folderProblems(files: readonly SourceFile[]): Promise<string[]> {
  const problems: string[] = [];
  for (const file of files) {
    const name = nameProblem(file.path);
    if (name !== undefined) problems.push(name);
    if (file.size <= MAX_POINTER && isPointer(await fs.promises.readFile(file.local!.path))) problems.push(`'${file.path}' is a pointer of Git LFS, not the file itself: run git lfs pull`);
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
