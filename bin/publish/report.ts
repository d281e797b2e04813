import type { Published } from './publish';
import { displayName, ModelId } from '../../lib/model/layout';
import { bytes } from '../cli/output';

/** What came out, for people. */
export function reportLines(id: ModelId, { checksums, totalBytes, already, sentBytes, restoredFiles }: Published, code: string): string[] {
  const files = checksums.entries.length - 1;
  return [
    `${displayName(id)} ${already ? 'is published already, with the same content' : 'is published'}: ${files} ${files === 1 ? 'file' : 'files'}, ${bytes(totalBytes)}${already ? '' : `, ${bytes(sentBytes)} sent`}`,
    ...restoredFiles === 0 ? [] : [`${restoredFiles} ${restoredFiles === 1 ? 'file was' : 'files were'} missing from what is published, and there again now`],
    `digest: ${checksums.digest}`,
    code,
  ];
}

/** The line of a program that takes the version from the lock file. */
export function lockedCode(file: string, { name, tenant, version }: ModelId, current: boolean): string {
  return `ModelArtifact.fromLock(${literal(file)}, { ${properties({ name, tenant, version: current ? undefined : version })} })`;
}

/** The line of a program that names the version itself. */
export function artifactCode({ name, tenant, version }: ModelId, { checksums, totalBytes }: Published): string {
  return `ModelArtifact.of({ ${properties({ name, version, tenant })}, size: ${sizeCode(totalBytes)}, digest: ${literal(checksums.digest)} })`;
}

/** A size that holds the model, in a unit that is less than twice as much: it is reserved on every node. */
export function sizeCode(totalBytes: number): string {
  const [unit, power] = totalBytes >= 2 ** 30 ? ['gibibytes', 30] : totalBytes >= 2 ** 20 ? ['mebibytes', 20] : ['kibibytes', 10];
  return `Size.${unit}(${Math.ceil(totalBytes / 2 ** (power as number))})`;
}

function properties(values: { [name: string]: string | undefined }): string {
  return Object.entries(values).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${literal(value!)}`).join(', ');
}

function literal(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
