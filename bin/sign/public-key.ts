import { createHash, KeyObject } from 'node:crypto';
import { CommandError } from '../cli/command';

/**
 * The hash that is signed, by curve: https://github.com/sigstore/protobuf-specs/blob/main/docs/algorithm-registry.md, as the
 * format's own tool has it.
 */
const HASHES: { [curve: string]: string } = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' };

/** @throws where the format has no signatures by such a key */
export function checkPublicKey(key: KeyObject, label: string): KeyObject {
  if (key.asymmetricKeyType !== 'ec' || !Object.hasOwn(HASHES, curveOf(key))) {
    const kind = key.asymmetricKeyType === 'ec' ? curveOf(key) : key.asymmetricKeyType;
    throw new CommandError(`the key '${label}' is ${kind}: the model-signing format takes elliptic curve keys, P-256, P-384 or P-521`);
  }
  return key;
}

export function hashOf(key: KeyObject): string {
  return HASHES[curveOf(key)];
}

/** What a bundle calls the key: SHA-256 of its PEM. */
export function hintOf(key: KeyObject): string {
  return createHash('sha256').update(key.export({ type: 'spki', format: 'pem' })).digest('hex');
}

/** What a bucket and messages call the key: the first 16 digits of the SHA-256 of its DER. */
export function keyName(key: KeyObject): string {
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex').slice(0, 16);
}

function curveOf(key: KeyObject): string {
  return key.asymmetricKeyDetails?.namedCurve ?? '';
}
