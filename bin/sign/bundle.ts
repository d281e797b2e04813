import { KeyObject, verify } from 'node:crypto';
import { hashOf, hintOf, keyName } from './public-key';
import type { Signer } from './signer';
import { CommandError } from '../cli/command';

/*
 * A Sigstore bundle around a DSSE envelope: https://docs.sigstore.dev/about/bundle/ and
 * https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md
 */

const MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** A bundle as it is stored. */
export async function createBundle(payload: Buffer, signer: Signer): Promise<string> {
  const sig = await signer.sign(preAuthentication(payload));
  return JSON.stringify({
    mediaType: MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: hintOf(signer.publicKey) }, tlogEntries: [] },
    dsseEnvelope: { payload: payload.toString('base64'), payloadType: PAYLOAD_TYPE, signatures: [{ sig: sig.toString('base64'), keyid: '' }] },
  });
}

/**
 * What a bundle signs.
 *
 * @throws where it is no bundle, or not signed with this key
 */
export function openBundle(text: string, key: KeyObject, label: string): Buffer {
  const refuse = (reason: string): never => { throw new CommandError(`${label} is refused: ${reason}`); };
  const { mediaType, verificationMaterial, dsseEnvelope } = parse(text) ?? refuse('it is no JSON object');
  if (mediaType !== MEDIA_TYPE) refuse(`its media type is '${mediaType}', expected ${MEDIA_TYPE}`);
  if (!verificationMaterial?.publicKey) refuse('it is signed with a certificate: only signatures with a key are understood; model_signing verifies it');
  const { payload, payloadType, signatures } = dsseEnvelope ?? {};
  if (payloadType !== PAYLOAD_TYPE) refuse(`its payload is of type '${payloadType}', expected ${PAYLOAD_TYPE}`);
  if (typeof payload !== 'string' || signatures?.length !== 1 || typeof signatures[0]?.sig !== 'string') refuse('expected one payload with one signature');
  const content = Buffer.from(payload, 'base64');
  if (verify(hashOf(key), preAuthentication(content), key, Buffer.from(signatures[0].sig, 'base64'))) return content;
  const { hint } = verificationMaterial.publicKey;
  return refuse(hint && hint !== hintOf(key) ? `it is signed with another key than ${keyName(key)}` : 'its signature is not that of its content: it was changed, or signed with another key');
}

/** What is signed in place of the payload alone: its type is signed with it. */
function preAuthentication(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload]);
}

function parse(text: string): any {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? value ?? undefined : undefined;
  } catch {
    return undefined;
  }
}
