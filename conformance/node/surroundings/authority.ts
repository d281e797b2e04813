import * as fs from 'node:fs';
import * as path from 'node:path';
import { succeed } from '../../processes';

/** A certificate with its key, as PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** An authority that is made for one run. Whoever trusts it takes the answers of the suite for those of AWS. */
export class Authority {
  static async make(folder: string): Promise<Authority> {
    fs.mkdirSync(folder, { recursive: true });
    const authority = new Authority(folder);
    await authority.openssl(['req', '-x509', ...NEW_KEY, '-keyout', 'authority.key', '-out', 'authority.pem', '-days', '2', '-subj', '/CN=conformance authority']);
    return authority;
  }

  private constructor(private readonly folder: string) {}

  /** The authority's own certificate, as PEM: what is trusted. */
  get certificate(): string {
    return fs.readFileSync(path.join(this.folder, 'authority.pem'), 'utf8');
  }

  /** A certificate for names of hosts, each of which may begin with `*.`. */
  async issue(names: string[]): Promise<Certificate> {
    fs.writeFileSync(path.join(this.folder, 'names'), `subjectAltName=${names.map(name => `DNS:${name}`).join(',')}\n`);
    await this.openssl(['req', ...NEW_KEY, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server']);
    await this.openssl(['x509', '-req', '-in', 'server.csr', '-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-out', 'server.pem', '-days', '2', '-extfile', 'names']);
    const [certificate, key] = ['server.pem', 'server.key'].map(file => fs.readFileSync(path.join(this.folder, file), 'utf8'));
    return { certificate, key };
  }

  private async openssl(args: string[]): Promise<void> {
    await succeed('openssl', args, { cwd: this.folder });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
