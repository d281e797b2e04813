import { parseDocument } from 'yaml';
import { checkModelId, ModelId } from './layout';

/**
 * What a lock file keeps of one version.
 * @internal
 */
export interface LockedVersion {
  /** `sha256:` and the SHA-256 of the manifest. */
  readonly digest: string;
  /** Size of all files together, as `model.json` has it. */
  readonly totalBytes: number;
  /** The model's image, pinned by its digest; undefined where none was built. */
  readonly image?: string;
}

/**
 * What a lock file keeps of one model.
 * @internal
 */
export interface LockedModel {
  readonly tenant?: string;
  readonly name: string;
  /** The version to serve: one of `versions`. */
  readonly current: string;
  readonly versions: ReadonlyMap<string, LockedVersion>;
}

/**
 * The models of a lock file by `<tenant>/<name>`, or `<name>` of one for everybody.
 * @internal
 */
export type ModelsLock = ReadonlyMap<string, LockedModel>;

/**
 * The key of a model in a lock file.
 * @internal
 */
export function lockKey({ tenant, name }: Omit<ModelId, 'version'>): string {
  return tenant === undefined ? name : `${tenant}/${name}`;
}

/**
 * Reads a lock file.
 *
 * @param file its name, for errors
 * @throws where anything in it is not as `lockModel` writes it, order and spaces apart: it is edited by hand and by merges
 * @internal
 */
export function parseModelsLock(text: string, file: string): ModelsLock {
  const fail: Fail = (where, what) => {
    throw new Error(`${file}${where}: ${what}`);
  };
  const { lockVersion, models } = objectWith(['lockVersion', 'models'], readJson(text, fail), '', fail);
  if (lockVersion !== 1) fail('', `lockVersion is ${JSON.stringify(lockVersion)}, and this release of cdk-eks-model-artifacts reads 1: use the release that wrote the file, or a later one`);
  return new Map(Object.entries(objectOf(models, 'models', fail)).map(([key, value]) => {
    const { current, versions } = objectWith(['current', 'versions'], value, key, fail);
    const [name, tenant, ...rest] = key.split('/').reverse();
    if (rest.length > 0) fail('', `key '${key}' is not valid: use '<tenant>/<name>', or '<name>' for a model for everybody`);
    const locked = new Map(Object.entries(objectOf(versions, `versions of ${key}`, fail)).map(([version, entry]) => {
      try {
        checkModelId({ tenant, name, version });
      } catch (error) {
        fail('', `${key}: ${(error as Error).message}`);
      }
      return [version, lockedVersion(entry, `${key}@${version}`, fail)];
    }));
    if (locked.size === 0) fail('', `${key} has no versions: take the model out, or publish a version with --lock`);
    if (typeof current !== 'string' || !locked.has(current)) fail('', `current of ${key} is ${JSON.stringify(current)}, which is none of its versions: give one of ${list(locked)}`);
    return [key, { tenant, name, current, versions: locked } as LockedModel];
  }));
}

/**
 * A lock file that names one version more. Keys are sorted and each version has lines of its own, so that changes are small and seldom meet.
 *
 * @param text what the file holds; undefined where there is none yet
 * @param file its name, for errors
 * @param current whether this is the version to serve from now on; the only version of a model always is
 * @throws where the version is there with another digest or size
 * @internal
 */
export function lockModel(text: string | undefined, file: string, id: ModelId, version: LockedVersion, current: boolean): string {
  const { tenant, name } = checkModelId(id);
  const key = lockKey(id);
  const models = new Map(text === undefined ? [] : parseModelsLock(text, file));
  const before = models.get(key);
  const known = before?.versions.get(id.version);
  if (known !== undefined && (known.digest !== version.digest || known.totalBytes !== version.totalBytes)) {
    const spell = ({ digest, totalBytes }: LockedVersion) => `${digest} of ${totalBytes} bytes`;
    throw new Error(`${file}: ${key}@${id.version} is ${spell(known)}, and not ${spell(version)}: a version never changes; publish under another one, or take it out of the file`);
  }
  const versions = new Map([...before?.versions ?? [], [id.version, { ...version, image: version.image ?? known?.image }]]);
  models.set(key, { tenant, name, current: current ? id.version : before?.current ?? id.version, versions });
  return checkedText(models, file);
}

/**
 * A lock file that names the image of a version that it has; an image that it names already is replaced. Which version is current stays.
 *
 * @param text what the file holds
 * @param file its name, for errors
 * @throws where the file has no such version, or the image is not pinned by a digest
 * @internal
 */
export function lockImage(text: string, file: string, id: ModelId, image: string): string {
  const models = new Map(parseModelsLock(text, file));
  const model = models.get(lockKey(id));
  const version = model?.versions.get(id.version);
  if (model === undefined || version === undefined) throw new Error(`${file} has no version '${id.version}' of '${lockKey(id)}': publish it with --lock ${file}`);
  models.set(lockKey(id), { ...model, versions: new Map([...model.versions, [id.version, { ...version, image }]]) });
  return checkedText(models, file);
}

function checkedText(models: ModelsLock, file: string): string {
  const written = write(models);
  parseModelsLock(written, file); // a digest, size or image that is not valid is not written
  return written;
}

type Fail = (where: string, what: string) => never;

function readJson(text: string, fail: Fail): unknown {
  const conflict = /^(<{7}|={7}|>{7}|\|{7})( |\r?$)/m.exec(text);
  if (conflict) {
    fail(`:${text.slice(0, conflict.index).split('\n').length}`, 'a merge left a conflict here: keep the versions of both sides, decide which one is current, and remove the lines of the markers');
  }
  const json = text.replace(/^\uFEFF/, '');
  try {
    const value = JSON.parse(json);
    // JSON.parse takes the last one of two keys, and a merge that went wrong would choose what is served.
    const twice = parseDocument(json, { prettyErrors: false, logLevel: 'silent' }).errors.find(({ code }) => code === 'DUPLICATE_KEY');
    if (twice === undefined) return value;
    const before = json.slice(0, twice.pos[0]);
    return fail(`:${before.split('\n').length}`, `key ${/^"(?:[^"\\]|\\.)*"/.exec(json.slice(twice.pos[0]))?.[0]} is there twice in one object: keep one of both`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail('', `this is no JSON (${error.message}): take the file from your version control, or write it anew by publishing with --lock`);
  }
}

function objectOf(value: unknown, what: string, fail: Fail): { [key: string]: unknown } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) fail('', `${what} is ${JSON.stringify(value)}: expected an object`);
  return value as { [key: string]: unknown };
}

function objectWith(keys: string[], value: unknown, where: string, fail: Fail, optional: string[] = []): { [key: string]: unknown } {
  const object = objectOf(value, where === '' ? 'the file' : where, fail);
  const of = where === '' ? '' : ` of ${where}`;
  const unknown = Object.keys(object).find(key => !keys.includes(key) && !optional.includes(key));
  if (unknown !== undefined) fail('', `key '${unknown}'${of} is not known: there are ${[...keys, ...optional].join(' and ')}`);
  const missing = keys.find(key => !Object.hasOwn(object, key));
  if (missing !== undefined) fail('', `key '${missing}'${of} is missing: there are ${keys.join(' and ')}`);
  return object;
}

function lockedVersion(value: unknown, where: string, fail: Fail): LockedVersion {
  const { digest, totalBytes, image } = objectWith(['digest', 'totalBytes'], value, where, fail, ['image']);
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    fail('', `digest of ${where} is ${JSON.stringify(digest)}: give 'sha256:' and the 64 lowercase hexadecimal digits of \`sha256sum manifest.sha256\``);
  }
  if (!Number.isSafeInteger(totalBytes) || totalBytes as number < 1) {
    fail('', `totalBytes of ${where} is ${JSON.stringify(totalBytes)}: give the whole, positive number that model.json has`);
  }
  if (image !== undefined && (typeof image !== 'string' || !PINNED.test(image))) {
    fail('', `image of ${where} is ${JSON.stringify(image)}: give repository@sha256:… with 64 lowercase hexadecimal digits, as build-image writes it, or leave it out`);
  }
  return { digest, totalBytes, ...image === undefined ? {} : { image } } as LockedVersion;
}

const PINNED = /^[a-z0-9][-a-z0-9.:]*\/[a-z0-9][-._/a-z0-9]*@sha256:[0-9a-f]{64}$/;

function list(versions: ReadonlyMap<string, unknown>): string {
  return [...versions.keys()].map(version => `'${version}'`).join(', ');
}

/** By hand, as an object would move keys such as `9` and `10` to its front. */
function write(models: ModelsLock): string {
  const object = (indent: string, entries: Array<[string, string]>) =>
    `{\n${entries.map(([key, value]) => `${indent}  ${JSON.stringify(key)}: ${value}`).join(',\n')}\n${indent}}`;
  const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => a < b ? -1 : 1);
  return `${object('', [
    ['lockVersion', '1'],
    ['models', object('  ', sorted(models).map(([key, { current, versions }]) => [key, object('    ', [
      ['current', JSON.stringify(current)],
      ['versions', object('      ', sorted(versions).map(([version, { digest, totalBytes, image }]) => [version, object('        ', [
        ['digest', JSON.stringify(digest)],
        ...image === undefined ? [] : [['image', JSON.stringify(image)] as [string, string]],
        ['totalBytes', String(totalBytes)],
      ])]))],
    ])]))],
  ])}\n`;
}
