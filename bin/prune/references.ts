import { ModelId, MODELS, SHARED, versionPrefix } from '../../lib/model/layout';

/** What is asked about: a version, and the SHA-256 of its manifest where that is known. */
interface Referenced {
  readonly id: ModelId;
  readonly digest?: string;
}

/** Of thousands of pods that name a version, a few are enough to find them. */
const MAX_LABELS = 20;

const MAX_NAME = 63;
const NAME = '[a-z0-9][-.a-z0-9]*';
const VERSION = '[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?';

/**
 * A key below `models/`, with the version where one is spelled, and the slash that ends it. It looks ahead: in `s3://acme-models/models/…` the key is
 * the second.
 */
const KEY = new RegExp(`${MODELS}(?=(_shared|[a-z0-9][-a-z0-9]*)/(${NAME})/(?:(${VERSION})(/)?)?)`, 'g');
const BEFORE_AT = new RegExp(`(?:(?:_shared|[a-z0-9][-a-z0-9]*)/)?${NAME}$`);
const AFTER_AT = new RegExp(`^${VERSION}`);
const DIGEST = /(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])/g;

/**
 * What points at published versions, and where it was read. A text counts wherever it stands, in a comment too: what is read here protects, and
 * nothing that is read takes protection away.
 */
export class References {
  private readonly labels = new Map<string, string[]>();

  public addVersion(id: ModelId, label: string) {
    this.add(keyOf(id), label);
  }

  /** @param digest with or without `sha256:` */
  public addDigest(digest: string, label: string) {
    this.add(digest.replace(/^sha256:/, '').toLowerCase(), label);
  }

  /** Adds every key below `models/`, every `<tenant>/<name>@<version>` and every SHA-256 of a text. */
  public scan(text: string, label: string) {
    for (const plain of readings(text)) this.scanPlain(plain, label);
  }

  private scanPlain(plain: string, label: string) {
    for (const [, owner, name, version, slash] of plain.matchAll(KEY)) {
      if (version !== undefined) this.add(`${owner}/${name}/${version}/`, label);
      // A wildcard or a placeholder follows: any version may be meant.
      if (slash === undefined) this.add(`${owner}/${name}/`, label, ' (a key for any version)');
    }
    for (let at = plain.indexOf('@'); at >= 0; at = plain.indexOf('@', at + 1)) {
      const model = BEFORE_AT.exec(plain.slice(Math.max(0, at - 2 * MAX_NAME - 1), at))?.[0];
      const version = AFTER_AT.exec(plain.slice(at + 1, at + 1 + MAX_NAME))?.[0];
      if (model === undefined || version === undefined) continue;
      const [name, tenant] = model.split('/').reverse();
      this.addVersion({ tenant: tenant === SHARED ? undefined : tenant, name, version }, label);
    }
    for (const [digest] of plain.matchAll(DIGEST)) this.addDigest(digest, label);
  }

  /** Where a version is referenced; empty where it is not. */
  public of({ id, digest }: Referenced): string[] {
    const key = keyOf(id);
    const model = key.slice(0, key.lastIndexOf('/', key.length - 2) + 1);
    return [...new Set([key, model, ...digest === undefined ? [] : [digest.replace(/^sha256:/, '')]].flatMap(found => this.labels.get(found) ?? []))];
  }

  private add(key: string, label: string, how = '') {
    const labels = this.labels.get(key) ?? [];
    this.labels.set(key, labels);
    // What a part of a file said is not said again for the file as a whole.
    if (labels.length < MAX_LABELS && !labels.some(known => known.startsWith(label))) labels.push(label + how);
  }
}

/** Whether a text names a version as a delivery of this library does: its annotation, or a key. */
export function namesModels(text: string): boolean {
  return text.includes('cdk-eks-model-artifacts/models') || readings(text).some(plain => [...plain.matchAll(KEY)].some(([, , , version]) => version !== undefined));
}

function keyOf(id: ModelId): string {
  return versionPrefix('', id);
}

/** A text with escapes for what is between names, and where it has such, with what they stand for: in JSON, in URLs. What either says protects. */
function readings(text: string): string[] {
  const decoded = text.replace(/\\+u00([2-7][0-9a-fA-F])|\\+x([2-7][0-9a-fA-F])|%(?:25)*([2-7][0-9a-fA-F])/g,
    (_, unicode?: string, byte?: string, percent?: string) => String.fromCharCode(parseInt((unicode ?? byte ?? percent)!, 16)));
  return (decoded === text ? [text] : [text, decoded]).map(withoutEscapes);
}

/**
 * A text as whoever reads its file would get it, as far as names go: strings of JSON in strings of JSON, long strings of YAML that go on in the
 * next line, and UTF-16.
 */
function withoutEscapes(text: string): string {
  return text
    .replace(/\0/g, '')
    .replace(/\\\r?\n[ \t]*\\?/g, '')
    .replace(/\\+\//g, '/')
    .replace(/\\+(?:u[0-9a-fA-F]{4}|.)/g, ' ');
}
