import { Token, Tokenization } from 'aws-cdk-lib';
import { IResolver, ResolutionContext } from 'cdk8s';

const FIX = "it is known only after deploying, and a manifest in a directory must not depend on that: give a literal (bucketName, region or the stack's env, a name)";

/**
 * Where a rendered object holds values, or map keys, that CDK knows only at deploy time.
 * @internal
 */
export function tokenErrors(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => tokenErrors(item, `${path}[${index}]`));
  }
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).flatMap(([key, item]) => [
      ...(Token.isUnresolved(key) ? [`${path} has an unresolved token for a key: ${FIX}`] : []),
      ...tokenErrors(item, path === '' ? key : `${path}.${key}`),
    ]);
  }
  return Token.isUnresolved(value) || isTrace(value) ? [`${path} holds an unresolved token: ${FIX}`] : [];
}

/** What becomes of a list token beside other items, and of a token object in a patch, which cdk8s copies by way of JSON. */
function isTrace(value: unknown): boolean {
  return typeof value === 'string' && /#\{Token\[[^\]]*\]\}|^<unresolved-[-a-z]+>$/.test(value);
}

/**
 * cdk8s would call `resolve` of a CDK token as if it were its own.
 * @internal
 */
export class TokenRefusal implements IResolver {
  public resolve(context: ResolutionContext): void {
    if (Tokenization.isResolvable(context.value)) {
      throw new Error(`${context.key.join('.')} holds an unresolved token: ${FIX}`);
    }
  }
}
