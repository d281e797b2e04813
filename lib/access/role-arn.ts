import { Token } from 'aws-cdk-lib';

/**
 * The ARN of one role; a token passes.
 * @internal
 */
export function checkRoleArn(what: string, arn: string): string {
  if (!Token.isUnresolved(arn) && !/^arn:aws[-a-z]*:iam::\d{12}:role\/[\w+=,.@/-]*[\w+=,.@-]$/.test(arn)) {
    throw new Error(`${what} '${arn}' is not the ARN of a role: give something like 'arn:aws:iam::111122223333:role/loader', without a wildcard`);
  }
  return arn;
}
