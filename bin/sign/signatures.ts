import { KeyObject } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { createBundle, openBundle } from './bundle';
import { keyName } from './public-key';
import { readText, Signer } from './signer';
import { compareStatement, Signed, statementOf } from './statement';
import { ModelId, SIGNATURES, versionPrefix } from '../../lib/model/layout';
import type { ModelChecksums } from '../../lib/model/model-checksums';
import { CommandError } from '../cli/command';
import type { Store } from '../cli/store';

/** Where the signature of a version by this key is. */
export function signatureKey(id: ModelId, publicKey: KeyObject): string {
  return `${versionPrefix(SIGNATURES, id)}${keyName(publicKey)}.sigstore.json`;
}

/**
 * Signs a version and stores the signature.
 *
 * @returns whether it was stored now; false where the version is signed with this key already
 * @throws where a signature with this key is stored that is not one of this version
 */
export async function signVersion(store: Store, id: ModelId, checksums: ModelChecksums, signer: Signer): Promise<boolean> {
  const key = signatureKey(id, signer.publicKey);
  const isThere = () => isSigned(store, id, checksums, signer.publicKey);
  return await isThere() ? false : keep(store, key, await createBundle(statementOf(id, checksums), signer), isThere);
}

/**
 * Stores a signature that was made elsewhere, once it is verified.
 *
 * @returns as `signVersion`
 * @throws as `signVersion`, and where the signature is not with this key, or not of this version
 */
export async function addSignature(store: Store, id: ModelId, checksums: ModelChecksums, bundleFile: string, publicKey: KeyObject): Promise<boolean> {
  const text = readText(bundleFile);
  checkSignature(text, checksums, publicKey, bundleFile, id);
  return keep(store, signatureKey(id, publicKey), text, () => isSigned(store, id, checksums, publicKey));
}

/**
 * Verifies a signature.
 *
 * @param id - the version, where it is known which one that is
 * @throws where it is not with this key, not of these files, or of another version that has the same
 */
export function checkSignature(text: string, checksums: ModelChecksums, publicKey: KeyObject, label: string, id?: ModelId): Signed {
  return compareStatement(openBundle(text, publicKey, label), checksums, label, id);
}

async function keep(store: Store, key: string, text: string, isThere: () => Promise<boolean>): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await store.client.send(new PutObjectCommand({
        Bucket: store.bucket, Key: key, Body: text, ContentType: 'application/json', IfNoneMatch: '*', ChecksumAlgorithm: 'SHA256',
      }));
      return true;
    } catch (error) {
      // 409: another one writes it at this moment.
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
      if (status !== 412 && (status !== 409 || attempt === 5)) throw error;
      if (await isThere()) return false;
      if (status === 412) throw new CommandError(`${store.url(key)} is there, but these credentials may not read it`);
      await new Promise(resolve => setTimeout(resolve, 200 * attempt));
    }
  }
}

/** @throws where a signature is there that is not one of this version */
async function isSigned(store: Store, id: ModelId, checksums: ModelChecksums, publicKey: KeyObject): Promise<boolean> {
  const key = signatureKey(id, publicKey);
  const there = await store.find(key);
  if (there === undefined) return false;
  checkSignature(there.toString(), checksums, publicKey, store.url(key), id);
  return true;
}
