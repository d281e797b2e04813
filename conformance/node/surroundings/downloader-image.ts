import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeImage } from './images';
import { succeed } from '../../processes';
import { BUSYBOX, S5CMD } from '../../tools/catalogue';

export interface DownloaderImageProps {
  /** A folder for what is made on the way. */
  readonly folder: string;
  readonly archive: string;
  readonly references: string[];
  /** Certificate of the authority that it trusts, as PEM. */
  readonly authority: string;
}

/**
 * The real s5cmd, laid out as the published image has it: the binary at the root, where it is the entry point, a busybox that has every small tool, and the
 * certificates where Alpine keeps them. https://github.com/peak/s5cmd/blob/v2.3.0/Dockerfile
 */
export async function writeDownloaderImage({ folder, archive, references, authority }: DownloaderImageProps): Promise<void> {
  const rootFolder = path.join(folder, 'downloader');
  fs.cpSync(S5CMD.file('s5cmd'), path.join(rootFolder, 's5cmd'));
  await addBusybox(rootFolder);
  write(rootFolder, 'etc/ssl/certs/ca-certificates.crt', authority);
  write(rootFolder, 'etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  write(rootFolder, 'etc/group', 'root:x:0:\n');
  fs.mkdirSync(path.join(rootFolder, 'tmp'));
  fs.chmodSync(path.join(rootFolder, 'tmp'), 0o1777);
  await writeImage({ rootFolder, archive, references, entrypoint: ['/s5cmd'], workingDirectory: '/aws' });
}

/** A busybox, and a link to it for each of its tools. */
export async function addBusybox(rootFolder: string): Promise<void> {
  fs.cpSync(BUSYBOX.file('bin/busybox'), path.join(rootFolder, 'bin', 'busybox'));
  const links = (await succeed(BUSYBOX.file('bin/busybox'), ['--list-full'])).trim().split('\n').filter(link => link !== 'bin/busybox' && link.includes('/'));
  for (const link of links) {
    fs.mkdirSync(path.join(rootFolder, path.dirname(link)), { recursive: true });
    fs.symlinkSync('/bin/busybox', path.join(rootFolder, link));
  }
}

function write(rootFolder: string, name: string, text: string): void {
  const file = path.join(rootFolder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}
