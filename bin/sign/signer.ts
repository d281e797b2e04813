import { createPrivateKey, createPublicKey, KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { kmsPublicKey, kmsSigner } from './kms';
import { checkPublicKey, hashOf } from './public-key';
import { Call, CommandError, text } from '../cli/command';

/** Who signs. */
export interface Signer {
  readonly publicKey: KeyObject;
  /** An ECDSA signature in DER, over the hash that belongs to the key's curve. */
  sign(message: Buffer): Promise<Buffer>;
}

/** The option that a command with a signer has beside those of the store. */
export const SIGNER_OPTIONS = { 'key-password-file': { type: 'string' } } as const;

/** What `SIGNER_OPTIONS` mean, for the usage of a command. */
export const SIGNER_USAGE = [
  '  --key-password-file F   file with the password of an encrypted PEM key, in its first line; else the variable SIGNING_KEY_PASSWORD',
];

/** The signer of a private key's PEM file, or of `kms:<key id, alias or ARN>`. */
export async function signerFrom(word: string, call: Call): Promise<Signer> {
  return word.startsWith('kms:') ? kmsSigner(word.slice(4), call) : pemSigner(word, call);
}

/** The public key of a PEM file, or of `kms:<key id, alias or ARN>`. */
export async function publicKeyFrom(word: string, call: Call): Promise<KeyObject> {
  return word.startsWith('kms:') ? kmsPublicKey(word.slice(4), call) : publicKeyIn(word);
}

/** The public key of a PEM file. */
export function publicKeyIn(file: string): KeyObject {
  const pem = readText(file);
  try {
    return checkPublicKey(createPublicKey(pem), file);
  } catch (error) {
    throw refusal(file, 'public', error);
  }
}

/** A file that a command line names. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`'${file}' can't be read: ${(error as Error).message}`);
  }
}

function pemSigner(file: string, call: Call): Signer {
  const pem = readText(file);
  const passphrase = password(call);
  const encrypted = /ENCRYPTED/.test(pem);
  if (encrypted && passphrase === undefined) throw new CommandError(`the key in '${file}' is encrypted: give --key-password-file or set SIGNING_KEY_PASSWORD`);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, passphrase });
  } catch (error) {
    throw encrypted ? new CommandError(`the key in '${file}' can't be decrypted: is that its password?`) : refusal(file, 'private', error);
  }
  const publicKey = checkPublicKey(createPublicKey(key), file);
  return { publicKey, sign: async message => sign(hashOf(publicKey), message, key) };
}

function password(call: Call): string | undefined {
  const file = text(call, 'key-password-file');
  return file === undefined ? process.env.SIGNING_KEY_PASSWORD : readText(file).split(/\r?\n/)[0];
}

function refusal(file: string, kind: string, error: unknown): Error {
  return error instanceof CommandError ? error : new CommandError(`'${file}' holds no ${kind} key in PEM: ${(error as Error).message}`);
}
