import { createHash, generateKeyPairSync, KeyObject, sign } from 'node:crypto';
import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';

/** KMS with one key, as the API reference has GetPublicKey and Sign. It takes the digest of the one message that it is told of, as Node.js signs no digests. */
export class KmsServer {
  readonly requests: any[] = [];
  readonly publicKey: KeyObject;
  message = Buffer.alloc(0);
  private readonly server: Server;

  constructor(curve: string, hash: string, algorithm: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
    this.publicKey = publicKey;
    this.server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const input = JSON.parse(Buffer.concat(chunks).toString());
      const action = String(request.headers['x-amz-target']).replace('TrentService.', '');
      this.requests.push({ action, authorization: request.headers.authorization, ...input });
      const answer = (status: number, body: object) => response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
      if (action === 'GetPublicKey') return answer(200, { KeyId: input.KeyId, PublicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') });
      const digest = createHash(hash).update(this.message).digest('base64');
      if (input.MessageType !== 'DIGEST' || input.SigningAlgorithm !== algorithm || input.Message !== digest) return answer(400, { __type: 'ValidationException', message: 'not that way' });
      return answer(200, { KeyId: input.KeyId, SigningAlgorithm: input.SigningAlgorithm, Signature: sign(hash, this.message, privateKey).toString('base64') });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}
