import { KeyObject } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { createBundle, openBundle } from './bundle';
import { keyName } from './public-key';
import { readText, Signer } from './signer';
import { statementOf, unnamedBy } from './statement';
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
 * @throws where a signature with this key is stored that is not one of these files
 */
export async function signVersion(store: Store, id: ModelId, checksums: ModelChecksums, signer: Signer): Promise<boolean> {
  const key = signatureKey(id, signer.publicKey);
  if (await isSigned(store, key, checksums, signer.publicKey)) return false;
  return keep(store, key, await createBundle(statementOf(id, checksums), signer), checksums, signer.publicKey);
}

/**
 * Stores a signature that was made elsewhere, once it is verified.
 *
 * @returns as `signVersion`
 * @throws as `signVersion`, and where the signature is not with this key, or not of these files
 */
export async function addSignature(store: Store, id: ModelId, checksums: ModelChecksums, bundleFile: string, publicKey: KeyObject): Promise<boolean> {
  const text = readText(bundleFile);
  checkSignature(text, checksums, publicKey, bundleFile);
  return keep(store, signatureKey(id, publicKey), text, checksums, publicKey);
}

/**
 * Verifies a signature.
 *
 * @returns the files that it says nothing of: such as are allowed to be missing
 * @throws where it is not with this key, or not of these files
 */
export function checkSignature(text: string, checksums: ModelChecksums, publicKey: KeyObject, label: string): string[] {
  return unnamedBy(openBundle(text, publicKey, label), checksums, label);
}

async function keep(store: Store, key: string, text: string, checksums: ModelChecksums, publicKey: KeyObject): Promise<boolean> {
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
      if (await isSigned(store, key, checksums, publicKey)) return false;
      if (status === 412) throw new CommandError(`${store.url(key)} is there, but these credentials may not read it`);
      await new Promise(resolve => setTimeout(resolve, 200 * attempt));
    }
  }
}

/** @throws where a signature is there that is not one of these files */
async function isSigned(store: Store, key: string, checksums: ModelChecksums, publicKey: KeyObject): Promise<boolean> {
  const there = await store.find(key);
  if (there === undefined) return false;
  checkSignature(there.toString(), checksums, publicKey, store.url(key));
  return true;
}
