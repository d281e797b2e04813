import { randomBytes } from 'node:crypto';
import { ACCOUNT } from '../../s3/gateway';

/** Whom credentials were given to. */
export interface Subject {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** Credentials of a role, as AWS hands them out. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** In milliseconds since 1970. */
  readonly expires: number;
}

/** The session tokens that were issued. The S3 server itself takes any: what stands before it asks here. */
export class Sessions {
  private readonly issued = new Map<string, { subject: Subject; expires: number }>();

  /** Credentials that are good for so many seconds. The keys are those of the server's one account: it checks the signature. */
  issue(subject: Subject, seconds: number): Credentials {
    const [sessionToken, expires] = [randomBytes(300).toString('base64'), Date.now() + seconds * 1000];
    this.issued.set(sessionToken, { subject, expires });
    return { accessKeyId: ACCOUNT.AWS_ACCESS_KEY_ID, secretAccessKey: ACCOUNT.AWS_SECRET_ACCESS_KEY, sessionToken, expires };
  }

  /** What a token is worth now. */
  state(token: string | undefined): 'valid' | 'expired' | 'unknown' {
    const session = this.issued.get(token ?? '');
    return session === undefined ? 'unknown' : session.expires > Date.now() ? 'valid' : 'expired';
  }

  /** To whom how many were issued, by `<namespace>/<service account>`. */
  get counts(): Record<string, number> {
    const names = [...this.issued.values()].map(({ subject }) => `${subject.namespace}/${subject.serviceAccount}`);
    return Object.fromEntries([...new Set(names)].map(name => [name, names.filter(each => each === name).length]));
  }
}
