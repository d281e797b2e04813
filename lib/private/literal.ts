import { Token } from 'aws-cdk-lib';

/**
 * The given string, or an error where CDK knows it only at deploy time.
 * @internal
 */
export function literal(value: string, what: string, why: string): string {
  if (Token.isUnresolved(value)) {
    throw new Error(`${what} must be known at synth, got an unresolved token (${String(value)}): ${why}`);
  }
  return value;
}
