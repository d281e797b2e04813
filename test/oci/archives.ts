/** What an archive holds of one name. */
export interface TarEntry {
  readonly path: string;
  readonly mode: string;
  readonly owner: string;
  readonly time: number;
  readonly type: string;
  readonly content: Buffer;
}

/** What an archive holds, read by its format alone: GNU's long names among it. */
export function untar(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  for (let at = 0; at < archive.length && archive[at] !== 0;) {
    const header = archive.subarray(at, at + 512);
    const text = (from: number, length: number) => header.subarray(from, from + length).toString().split('\0')[0];
    const octal = (from: number, length: number) => parseInt(text(from, length), 8);
    const content = archive.subarray(at + 512, at + 512 + octal(124, 12));
    at += 512 + Math.ceil(octal(124, 12) / 512) * 512;
    if (text(156, 1) === 'L') {
      longName = content.toString().split('\0')[0];
      continue;
    }
    entries.push({
      path: longName ?? text(0, 100),
      mode: (octal(100, 8) % 0o10000).toString(8),
      owner: `${octal(108, 8)}:${octal(116, 8)} ${text(265, 32)}:${text(297, 32)}`,
      time: octal(136, 12),
      type: text(156, 1),
      content,
    });
    longName = undefined;
  }
  return entries;
}

/** A file with that text, or a link to somewhere. */
export type Member = string | { readonly linkTo: string };

/** An archive of files and links by their names, which may be what no tool would write. */
export function tarOf(members: Record<string, Member>): Buffer {
  const blocks = Object.entries(members).flatMap(([name, member]) => {
    const [type, content, link] = typeof member === 'string' ? ['0', Buffer.from(member), ''] : ['2', Buffer.alloc(0), member.linkTo];
    const header = Buffer.alloc(512);
    const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
    for (const [at, field] of [[0, name], [100, octal(0o755, 8)], [108, octal(0, 8)], [116, octal(0, 8)], [124, octal(content.length, 12)], [136, octal(0, 12)], [148, ' '.repeat(8)], [156, type], [157, link], [257, 'ustar\x0000']] as const) {
      header.write(field, at);
    }
    header.write(octal(header.reduce((sum, byte) => sum + byte), 7), 148);
    return [header, content, Buffer.alloc((512 - content.length % 512) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
