import { sha256 } from '../private/sha256';

/** One file of a published model. */
export interface ChecksumEntry {
  /** Path below the model's prefix, with `/` between segments. */
  readonly path: string;

  /** SHA-256 of the file: 64 lowercase hexadecimal digits. */
  readonly sha256: string;
}

/**
 * `manifest.sha256`: the list of a model's files in the format of `sha256sum`, so that `sha256sum -c` of coreutils and of busybox
 * check it. It is written last, and so is what "published" means. It names every file, `model.json` among them, but not itself.
 */
export class ModelChecksums {
  /** Name of the object that holds the manifest. */
  public static readonly OBJECT_NAME = 'manifest.sha256';

  /** Name of the object that describes the model: a JSON object with `totalBytes`, the size of all other files together. */
  public static readonly DESCRIPTION_NAME = 'model.json';

  /**
   * A manifest of these files, in the order of their paths.
   *
   * @throws where a path can't be a key or is escaped by `sha256sum`, is named twice, where `model.json` is missing, or any other file
   */
  public static of(entries: ChecksumEntry[]): ModelChecksums {
    return new ModelChecksums(entries);
  }

  /**
   * Reads a manifest.
   *
   * @throws where a line is not `<sha256>  <path>`, and as `of`
   */
  public static parse(text: string): ModelChecksums {
    if (!text.endsWith('\n')) {
      throw new Error('manifest does not end with a newline: it is cut, fetch it again');
    }
    return new ModelChecksums(text.slice(0, -1).split('\n').map((line, index) => {
      const match = /^([0-9a-f]{64}) {2}(.+)$/s.exec(line);
      if (!match) {
        throw new Error(`line ${index + 1} of the manifest is '${line}': expected 64 hexadecimal digits, two spaces and a path`);
      }
      return { sha256: match[1], path: match[2] };
    }));
  }

  /** The manifest as it is stored. */
  public readonly text: string;

  /** The model's digest: `sha256:` and the SHA-256 of the text. */
  public readonly digest: string;

  private readonly files: ChecksumEntry[];

  private constructor(entries: ChecksumEntry[]) {
    const seen = new Set<string>();
    for (const entry of entries) {
      checkEntry(entry);
      if (seen.has(entry.path)) throw new Error(`'${entry.path}' is in the manifest twice: name it once`);
      seen.add(entry.path);
    }
    if (!seen.has(ModelChecksums.DESCRIPTION_NAME)) {
      throw new Error(`the manifest has no line for ${ModelChecksums.DESCRIPTION_NAME}: without the total size nobody knows what fits a volume`);
    }
    for (const path of seen) {
      for (let folder = path.lastIndexOf('/'); folder > 0; folder = path.lastIndexOf('/', folder - 1)) {
        if (seen.has(path.slice(0, folder))) throw new Error(`'${path.slice(0, folder)}' is in the manifest as a file and as a folder: rename one of them`);
      }
    }
    if (seen.size === 1) {
      throw new Error(`the manifest names ${ModelChecksums.DESCRIPTION_NAME} alone: a model has at least one file, publish from the folder that holds it`);
    }
    // Bytes, not UTF-16: the order that `LC_ALL=C sort` gives, so that a manifest made with coreutils is the same.
    this.files = [...entries].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    this.text = this.files.map(file => `${file.sha256}  ${file.path}\n`).join('');
    this.digest = `sha256:${sha256(this.text)}`;
  }

  /** The files in the order of their paths. */
  public get entries(): ChecksumEntry[] {
    return [...this.files];
  }
}

const MAX_PATH = 800;

/** NAME_MAX of Linux. */
const MAX_SEGMENT = 255;

function checkEntry({ path, sha256: hash }: ChecksumEntry): void {
  const fail = (reason: string): never => {
    throw new Error(`'${path}' can't be a file of a model: ${reason}`);
  };
  if (!/^[0-9a-f]{64}$/.test(hash)) fail(`its SHA-256 is '${hash}', expected 64 lowercase hexadecimal digits`);
  // eslint-disable-next-line no-control-regex
  if (/[\\\u0000-\u001f\u007f]/.test(path)) fail('it has a backslash or a control character, which sha256sum escapes: rename the file');
  if (path.split('/').some(segment => segment === '' || segment === '.' || segment === '..')) fail("every segment needs a name, and none may be '.' or '..'");
  if (path.split('/').some(segment => Buffer.byteLength(segment) > MAX_SEGMENT)) fail(`a segment has more than ${MAX_SEGMENT} bytes, which file systems refuse: shorten it`);
  if (path === ModelChecksums.OBJECT_NAME) fail('a manifest does not name itself: leave it out');
  if (path.startsWith(`${ModelChecksums.OBJECT_NAME}/`)) fail(`${ModelChecksums.OBJECT_NAME} is the manifest, which is no folder: rename the folder`);
  if (/\p{Surrogate}/u.test(path)) fail('it is no valid Unicode: rename the file');
  // https://www.w3.org/TR/xml/#charsets: S3 answers in XML, which has no way to write them.
  if (/[\ufffe\uffff]/.test(path)) fail('it has U+FFFE or U+FFFF, which are no characters: rename the file');
  if (Buffer.byteLength(path) > MAX_PATH) fail(`it has ${Buffer.byteLength(path)} bytes, an object key has room for 1,024 bytes with the prefix: shorten it`);
}
