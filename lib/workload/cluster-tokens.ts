import { Token, Tokenization } from 'aws-cdk-lib';
import { IResolver, ResolutionContext } from 'cdk8s';

/**
 * Keeps CDK tokens for the template: cdk8s would call `resolve` of one as if it were its own.
 * @internal
 */
export class TokenKeeper implements IResolver {
  public resolve(context: ResolutionContext): void {
    if (Tokenization.isResolvable(context.value)) context.replaceValue(Token.asString(context.value));
  }
}

/**
 * Tokens that the template could not hold: what cdk8s made of one by copying a patch by way of JSON, and a list where it is not all of a list.
 * @internal
 */
export function lostTokens(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => value.length === 1 && isListToken(item) ? [] : lostTokens(item, `${path}[${index}]`));
  }
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).flatMap(([key, item]) => lostTokens(item, path === '' ? key : `${path}.${key}`));
  }
  if (typeof value === 'string' && /^<unresolved-[-a-z]+>$/.test(value)) return [`${path} holds what a JSON patch made of a token: give it as a string, Token.asString(value)`];
  return isListToken(value) ? [`${path} holds a list that is known only after deploying: give it as the whole list, with nothing beside it`] : [];
}

function isListToken(value: unknown): boolean {
  return typeof value === 'string' && /#\{Token\[[^\]]*\]\}/.test(value);
}
