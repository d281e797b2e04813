import { IncomingMessage, ServerResponse } from 'node:http';
import { readToken } from './service-account-token';
import { Sessions } from './sessions';

/** How long a role's session lasts where the caller asks for no other time: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
const LIFETIME = 3600;

/** Answers AssumeRoleWithWebIdentity of AWS STS, which IAM roles for service accounts (IRSA) rest on. */
export class SecurityTokenService {
  constructor(private readonly sessions: Sessions) {}

  serve(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.on('data', chunk => { body += chunk; });
    request.on('end', () => {
      const asked = new URLSearchParams(body);
      try {
        if (asked.get('Action') !== 'AssumeRoleWithWebIdentity' || !asked.get('RoleArn')) throw new Error('expected AssumeRoleWithWebIdentity with a RoleArn');
        const { subject, audiences } = readToken(asked.get('WebIdentityToken') ?? '');
        if (!audiences.includes('sts.amazonaws.com')) throw new Error('Incorrect token audience');
        const credentials = this.sessions.issue(subject, LIFETIME);
        reply(response, 200, '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>'
          + `<AccessKeyId>${credentials.accessKeyId}</AccessKeyId><SecretAccessKey>${credentials.secretAccessKey}</SecretAccessKey>`
          + `<SessionToken>${credentials.sessionToken}</SessionToken><Expiration>${new Date(credentials.expires).toISOString()}</Expiration>`
          + '</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>');
      } catch (error) {
        reply(response, 400, `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>${(error as Error).message}</Message></Error></ErrorResponse>`);
      }
    });
  }
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
}
