import { finish, Finished } from '../processes';
import { MODEL_SIGNING } from '../tools/catalogue';
import { python } from '../tools/python';

/** OpenSSF's tool, in a home of its own. */
export class ModelSigning {
  constructor(private readonly home: string) {}

  /** Signs a folder; the signature goes to a file. */
  async sign(folder: string, privateKey: string, signature: string): Promise<void> {
    const { code, stdout, stderr } = await this.run('sign', 'key', '--private_key', privateKey, '--signature', signature, folder);
    if (code !== 0) throw new Error(`model_signing does not sign: ${said(stdout, stderr)}`);
  }

  /** Throws unless it takes the signature for one of that folder by that key. */
  async accepts(folder: string, signature: string, publicKey: string): Promise<void> {
    const { code, stdout, stderr } = await this.verify(folder, signature, publicKey);
    if (code !== 0 || !/Verification succeeded/.test(stdout)) throw new Error(`model_signing refuses: ${said(stdout, stderr)}`);
  }

  /** Throws unless it refuses, and gives that reason. */
  async refuses(folder: string, signature: string, publicKey: string, reason: RegExp): Promise<void> {
    const { code, stdout, stderr } = await this.verify(folder, signature, publicKey);
    if (code === 0) throw new Error('model_signing accepts it');
    if (!reason.test(said(stdout, stderr))) throw new Error(`model_signing refuses for another reason than ${reason}: ${said(stdout, stderr)}`);
  }

  private verify(folder: string, signature: string, publicKey: string): Promise<Finished> {
    return this.run('verify', 'key', '--public_key', publicKey, '--signature', signature, folder);
  }

  private run(...args: string[]): Promise<Finished> {
    return finish(python(MODEL_SIGNING), ['-m', 'model_signing', ...args], { env: { PATH: process.env.PATH, HOME: this.home, LC_ALL: 'C.UTF-8' } });
  }
}

function said(stdout: string, stderr: string): string {
  return `${stdout}\n${stderr}`.trim().slice(-1500);
}
