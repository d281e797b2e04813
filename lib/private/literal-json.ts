import { DefaultTokenResolver, IPostProcessor, IResolvable, IResolveContext, Reference, Stack, Token, Tokenization } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { IConstruct } from 'constructs';

/**
 * A value as it will be once deployed, for readers outside CloudFormation. What synth can't know stays in CloudFormation's form.
 *
 * @param scope in the stack that the pseudo parameters belong to
 * @internal
 */
export function literalJson(scope: IConstruct, value: unknown): any {
  const stack = Stack.of(scope);
  return withPseudoParameters(stack, Tokenization.resolve(value, { scope: stack, resolver: new LiteralResolver() }));
}

/**
 * Whether CloudFormation alone knows a part of what `literalJson` returned.
 * @internal
 */
export function hasIntrinsic(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  return Object.entries(value).some(([key, item]) => (!Array.isArray(value) && /^(Ref$|Fn::)/.test(key)) || hasIntrinsic(item));
}

/** Takes a reference to something named by its user for the name or ARN that it will have. */
class LiteralResolver extends DefaultTokenResolver {
  constructor() {
    super({ join: concatenated });
  }

  public resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): any {
    const known = Reference.isReference(token) ? literalReference(token) : undefined;
    return known === undefined ? super.resolveToken(token, context, postProcessor) : context.resolve(known);
  }
}

function literalReference({ target, displayName }: Reference): string | undefined {
  const wanted = (name: string | undefined, arn: (stack: Stack) => string) => {
    if (name === undefined || Token.isUnresolved(name)) return undefined;
    return displayName === 'Arn' ? arn(Stack.of(target)) : displayName === 'Ref' ? name : undefined;
  };
  const known = (stack: Stack, arn: (partition: string) => string) => arn(pseudoParameters(stack)['AWS::Partition'] ?? stack.partition);
  if (s3.CfnBucket.isCfnBucket(target)) {
    return wanted(target.bucketName, stack => known(stack, partition => `arn:${partition}:s3:::${target.bucketName}`));
  }
  if (iam.CfnRole.isCfnRole(target)) {
    return wanted(target.roleName, stack => known(stack, partition => `arn:${partition}:iam::${stack.account}:role${target.path ?? '/'}${target.roleName}`));
  }
  if (eks.CfnCluster.isCfnCluster(target)) {
    return wanted(target.name, stack => known(stack, partition => `arn:${partition}:eks:${stack.region}:${stack.account}:cluster/${target.name}`));
  }
  return undefined;
}

function pseudoParameters({ account, region }: Stack): Record<string, string | undefined> {
  const { partition, domainSuffix } = Token.isUnresolved(region) ? { partition: undefined, domainSuffix: undefined } : RegionInfo.get(region);
  return {
    'AWS::AccountId': Token.isUnresolved(account) ? undefined : account,
    'AWS::Partition': partition,
    'AWS::Region': Token.isUnresolved(region) ? undefined : region,
    'AWS::URLSuffix': domainSuffix,
  };
}

function withPseudoParameters(stack: Stack, value: any): any {
  if (Array.isArray(value)) return value.map(item => withPseudoParameters(stack, item));
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.Ref === 'string') return pseudoParameters(stack)[value.Ref] ?? value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPseudoParameters(stack, item)]));
  const [separator, parts] = (copy['Fn::Join'] ?? []) as [string?, unknown[]?];
  return separator === '' && Array.isArray(parts) ? parts.reduce(concatenated, '') : copy;
}

/** Neighbours that are texts become one, everything else a Fn::Join. */
function concatenated(left: any, right: any): any {
  if (left === undefined || left === '') return right;
  if (right === undefined || right === '') return left;
  const parts = [left, right].flatMap(side => side['Fn::Join']?.[0] === '' ? side['Fn::Join'][1] : [side]);
  const joined = parts.reduce<any[]>((done, part) => {
    const last = done[done.length - 1];
    return typeof part !== 'object' && done.length > 0 && typeof last !== 'object' ? [...done.slice(0, -1), `${last}${part}`] : [...done, part];
  }, []);
  return joined.length === 1 ? joined[0] : { 'Fn::Join': ['', joined] };
}
