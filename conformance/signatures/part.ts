import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { ModelSigning } from './model-signing';
import { FILE, SignedCopy, tamperedCopy, TAMPERINGS } from './tampering';
import { sha256 } from '../bytes';
import { Part, Run } from '../part';
import { Bucket } from '../s3/bucket';
import { CommandLine, done, refused } from '../s3/command-line';
import { Gateway } from '../s3/gateway';
import { MODEL_SIGNING, VERSITYGW } from '../tools/catalogue';

const REGION = 'eu-west-1';
const CURVES = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' };

/** OpenSSF's `model-signing` and the commands `sign` and `verify` take each other's signatures, and refuse what was changed. */
export const SIGNATURES: Part = {
  name: 'signatures',
  tools: [MODEL_SIGNING, VERSITYGW],
  async run(run) {
    const gateway = await Gateway.start(run.processes, path.join(run.folder, 's3'), { region: REGION });
    const bucket = await Bucket.make(gateway, REGION, 'models');
    const site = { bucket, command: new CommandLine(gateway, run.folder, REGION), source: writeModel(path.join(run.folder, 'source')), tool: new ModelSigning(run.folder) };
    await Promise.all(Object.keys(CURVES).map(curve => new Curve(run, site, curve as keyof typeof CURVES).check()));
    bucket.close();
  },
};

interface Site {
  readonly bucket: Bucket;
  readonly command: CommandLine;
  /** A folder with a model. */
  readonly source: string;
  readonly tool: ModelSigning;
}

interface Keys {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** The checks with keys of one curve. */
class Curve {
  private readonly folder: string;
  private readonly keys: Keys;
  private readonly others: Keys;

  constructor(private readonly run: Run, private readonly site: Site, private readonly curve: keyof typeof CURVES) {
    this.folder = path.join(run.folder, curve);
    fs.mkdirSync(this.folder);
    [this.keys, this.others] = ['key', 'other'].map(name => this.makeKeys(name));
  }

  async check(): Promise<void> {
    const version = this.version('ours');
    const { digest } = done(await this.site.command.run('publish', this.site.source, this.site.bucket.url, ...version, '--sign', this.keys.privateKey));
    done(await this.site.command.run('sign', this.site.bucket.url, ...version, '--key', this.others.privateKey, '--digest', digest));
    const copy = path.join(this.folder, 'copy');
    await this.site.bucket.download(`models/serving/${this.model}/ours/`, copy);
    await this.checkOurs(copy);
    await this.checkTheirs(copy);
  }

  /** What `model_signing` says of signatures made here. */
  private async checkOurs(copy: string): Promise<void> {
    const { tool } = this.site;
    const row = this.run.checks(MODEL_SIGNING.title, 'accepts signatures of publish and sign, and refuses what was changed');
    const [byPublish, bySign] = await Promise.all([this.keys, this.others].map(keys => this.storedSignature(keys)));
    await row.check(`${this.curve}, a signature of publish`, () => tool.accepts(copy, byPublish, this.keys.publicKey));
    await row.check(`${this.curve}, a signature of sign`, () => tool.accepts(copy, bySign, this.others.publicKey));
    const signed = { folder: copy, signature: byPublish, publicKey: this.keys.publicKey };
    for (const tampering of TAMPERINGS) {
      await row.check(`${this.curve}, ${tampering.name}`, async () => {
        const { folder, signature, publicKey } = tamperedCopy(tampering, signed, this.others.publicKey, this.fresh());
        await tool.refuses(folder, signature, publicKey, tampering.theirs);
      });
    }
  }

  /** What the commands say of signatures by `model_signing`: of a source before it is published, and of a copy of what is. */
  private async checkTheirs(copy: string): Promise<void> {
    const { bucket, command, source, tool } = this.site;
    const row = this.run.checks(MODEL_SIGNING.title, 'its signatures are accepted by publish, sign and verify, which refuse what was changed');
    const [ofSource, ofCopy] = ['source.sig', 'copy.sig'].map(name => path.join(this.folder, name));
    await tool.sign(source, this.keys.privateKey, ofSource);
    await tool.sign(copy, this.others.privateKey, ofCopy);
    const version = this.version('theirs');
    await row.check(`${this.curve}, publish takes a signature of its source`, async () => {
      done(await command.run('publish', source, bucket.url, ...version, '--signature', ofSource, '--public-key', this.keys.publicKey));
      done(await command.run('verify', bucket.url, ...version, '--public-key', this.keys.publicKey));
    });
    await row.check(`${this.curve}, sign takes a signature of a copy`, async () => {
      done(await command.run('sign', bucket.url, ...version, '--signature', ofCopy, '--public-key', this.others.publicKey));
      done(await command.run('verify', bucket.url, ...version, '--public-key', this.others.publicKey));
    });
    const signed = { folder: copy, signature: ofCopy, publicKey: this.others.publicKey };
    await row.check(`${this.curve}, verify takes a copy`, async () => { done(await this.verify(signed)); });
    for (const tampering of TAMPERINGS) {
      await row.check(`${this.curve}, ${tampering.name}`, async () => {
        refused(await this.verify(tamperedCopy(tampering, signed, this.keys.publicKey, this.fresh())), tampering.ours);
      });
    }
    await row.check(`${this.curve}, a signature of other files is not published`, async () => {
      const other = writeModel(this.fresh());
      const refusal = await command.run('publish', other, bucket.url, ...this.version('none'), '--signature', ofSource, '--public-key', this.keys.publicKey);
      refused(refusal, /is of other files/);
      const left = (await bucket.keys()).filter(key => key.includes(`/${this.model}/none/`));
      if (left.length > 0) throw new Error(`it was refused, and left ${left.join(', ')}`);
    });
  }

  private verify({ folder, signature, publicKey }: SignedCopy) {
    return this.site.command.run('verify', folder, '--signature', signature, '--public-key', publicKey);
  }

  /** A folder that nobody has used. */
  private fresh(): string {
    return fs.mkdtempSync(path.join(this.folder, 'tampered-'));
  }

  private get model(): string {
    return this.curve.toLowerCase();
  }

  private version(version: string): string[] {
    return ['--tenant', 'serving', '--name', this.model, '--version', version];
  }

  /** The signature by a key, found as by somebody who has the key and the bucket alone: its name follows from the key. */
  private async storedSignature({ publicKey }: Keys): Promise<string> {
    const der = createPublicKey(fs.readFileSync(publicKey)).export({ type: 'spki', format: 'der' });
    const name = `${sha256(der).slice(0, 16)}.sigstore.json`;
    const file = path.join(this.folder, name);
    fs.writeFileSync(file, await this.site.bucket.read(`signatures/serving/${this.model}/ours/${name}`));
    return file;
  }

  private makeKeys(name: string): Keys {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: CURVES[this.curve] });
    const files = { privateKey: path.join(this.folder, `${name}.pem`), publicKey: path.join(this.folder, `${name}.pub`) };
    fs.writeFileSync(files.privateKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    fs.writeFileSync(files.publicKey, publicKey.export({ type: 'spki', format: 'pem' }));
    return files;
  }
}

/** A folder with a model whose names are not all plain, and whose bytes are its own. */
function writeModel(folder: string): string {
  for (const name of ['config.json', 'a b.txt', "it's", 'weights/model-00001-of-00001.safetensors', FILE]) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, randomBytes(50_000));
  }
  return folder;
}
