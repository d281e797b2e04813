import { createHash, createPublicKey, KeyObject } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand, SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { checkPublicKey, hashOf } from './public-key';
import type { Signer } from './signer';
import { Call, text } from '../cli/command';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
const ALGORITHMS: { [hash: string]: SigningAlgorithmSpec } = { sha256: 'ECDSA_SHA_256', sha384: 'ECDSA_SHA_384', sha512: 'ECDSA_SHA_512' };

/** Signs in KMS, which never gives the private key away. Needs `kms:GetPublicKey` and `kms:Sign`. */
export async function kmsSigner(keyId: string, call: Call): Promise<Signer> {
  const client = clientFor(keyId, call);
  const publicKey = await fetchKey(client, keyId);
  const hash = hashOf(publicKey);
  return {
    publicKey,
    sign: async message => {
      const digest = createHash(hash).update(message).digest(); // KMS takes 4,096 bytes of a message
      const { Signature } = await client.send(new SignCommand({ KeyId: keyId, Message: digest, MessageType: 'DIGEST', SigningAlgorithm: ALGORITHMS[hash] }));
      return Buffer.from(Signature!);
    },
  };
}

export function kmsPublicKey(keyId: string, call: Call): Promise<KeyObject> {
  return fetchKey(clientFor(keyId, call), keyId);
}

async function fetchKey(client: KMSClient, keyId: string): Promise<KeyObject> {
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  return checkPublicKey(createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' }), `kms:${keyId}`);
}

/** Another endpoint comes from AWS_ENDPOINT_URL_KMS, which the SDK reads: --endpoint-url is that of S3. */
function clientFor(keyId: string, call: Call): KMSClient {
  const region = /^arn:[^:]+:kms:([^:]+):/.exec(keyId)?.[1];
  return new KMSClient({ region: region ?? text(call, 'region'), profile: text(call, 'profile') });
}
