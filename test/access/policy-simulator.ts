import { runSimulation } from '@cloud-copilot/iam-simulate';
import { Template } from 'aws-cdk-lib/assertions';

/** Half of the simulator's time goes into which type of resource an ARN is of, and the same ones are asked about by every session. */
jest.mock('@cloud-copilot/iam-utils', () => {
  const actual = jest.requireActual<Record<string, (...args: any[]) => unknown>>('@cloud-copilot/iam-utils');
  const known = new Map<string, unknown>();
  return {
    ...actual,
    mostSpecificMatchingResourceTypePatterns: (...args: unknown[]) => {
      const key = JSON.stringify(args);
      if (!known.has(key)) known.set(key, actual.mostSpecificMatchingResourceTypePatterns(...args));
      return known.get(key);
    },
  };
});

export interface Statement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Principal?: unknown;
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface PolicyDocument {
  Version: string;
  Statement: Statement[];
}

export interface Request {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Record<string, string>;
  /** @default - that of the principal */
  readonly resourceAccount?: string;
}

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';

const PSEUDO: Record<string, string> = {
  'AWS::Partition': 'aws', 'AWS::AccountId': ACCOUNT, 'AWS::Region': REGION, 'AWS::URLSuffix': 'amazonaws.com',
};

/** The policies of a template, with every reference replaced by the ARN or name that it will have. */
export class TemplatePolicies {
  private readonly resources: Record<string, { Type: string; Properties: any }>;

  constructor(template: Template) {
    this.resources = template.toJSON().Resources;
  }

  /** What the policies of a role allow, all in one document. */
  public identity(role: string): PolicyDocument {
    const documents = [...this.all('AWS::IAM::Policy'), ...this.all('AWS::IAM::ManagedPolicy')]
      .filter(({ Properties: { Roles } }) => Roles.some((each: any) => (each.Ref ?? each) === role))
      .map(({ Properties }) => this.literal(Properties.PolicyDocument) as PolicyDocument);
    if (documents.length === 0) throw new Error(`role ${role} has no policy`);
    return { ...documents[0], Statement: documents.flatMap(document => document.Statement) };
  }

  public trust(role: string): PolicyDocument {
    return this.literal(this.resources[role].Properties.AssumeRolePolicyDocument);
  }

  public bucket(bucket: string): PolicyDocument {
    const documents = this.all('AWS::S3::BucketPolicy').filter(({ Properties }) => Properties.Bucket.Ref === bucket);
    if (documents.length !== 1) throw new Error(`bucket ${bucket} has ${documents.length} policies, expected one`);
    return this.literal(documents[0].Properties.PolicyDocument);
  }

  /** Every policy document of the template, by logical id. */
  public documents(): Array<[string, PolicyDocument]> {
    return Object.entries(this.resources).flatMap(([id, { Properties }]) => [Properties?.PolicyDocument, Properties?.AssumeRolePolicyDocument]
      .filter(document => document !== undefined)
      .map(document => [id, this.literal(document)] as [string, PolicyDocument]));
  }

  private all(type: string) {
    return Object.values(this.resources).filter(({ Type }) => Type === type);
  }

  private literal(value: any): any {
    if (Array.isArray(value)) return value.map(each => this.literal(each));
    if (typeof value !== 'object' || value === null) return value;
    if (value.Ref !== undefined) return PSEUDO[value.Ref] ?? this.nameOf(value.Ref);
    if (value['Fn::Join']) return this.literal(value['Fn::Join'][1]).join(value['Fn::Join'][0]);
    if (value['Fn::GetAtt']) {
      const [id, attribute] = value['Fn::GetAtt'];
      if (attribute !== 'Arn') throw new Error(`attribute ${attribute} of ${id} has no literal`);
      return this.arnOf(id);
    }
    const unknown = Object.keys(value).find(key => key.startsWith('Fn::'));
    if (unknown) throw new Error(`${unknown} has no literal`);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.literal(each)]));
  }

  private nameOf(id: string): string {
    const { Type, Properties } = this.resources[id];
    return (Type === 'AWS::S3::Bucket' ? Properties.BucketName : undefined) ?? id.toLowerCase();
  }

  private arnOf(id: string): string {
    const { Type } = this.resources[id];
    if (Type === 'AWS::S3::Bucket') return `arn:aws:s3:::${this.nameOf(id)}`;
    if (Type === 'AWS::IAM::Role') return `arn:aws:iam::${ACCOUNT}:role/${this.resources[id].Properties.RoleName ?? id}`;
    if (Type === 'AWS::EKS::Cluster') return `arn:aws:eks:${REGION}:${ACCOUNT}:cluster/${this.nameOf(id)}`;
    throw new Error(`${Type} has no literal ARN here`);
  }
}

/**
 * What IAM answers to a request. It is an error where the simulator leaves out a context key: then it has answered another question.
 */
export async function isAllowed(request: Request, policies: { identity?: PolicyDocument; resource?: PolicyDocument }): Promise<boolean> {
  const answer = await runSimulation({
    request: {
      principal: request.principal,
      action: request.action,
      resource: { resource: request.resource, accountId: request.resourceAccount ?? ACCOUNT },
      contextVariables: request.context,
    },
    identityPolicies: policies.identity ? [{ name: 'identity', policy: policies.identity }] : [],
    resourcePolicy: policies.resource,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  }, {});
  if (answer.resultType !== 'single') {
    throw new Error(`${request.action} on ${request.resource} was not evaluated: ${JSON.stringify(answer).slice(0, 500)}`);
  }
  if (answer.result.ignoredContextKeys === undefined || answer.result.ignoredContextKeys.length > 0) {
    throw new Error(`${request.action}: the simulator ignored ${JSON.stringify(answer.result.ignoredContextKeys)}`);
  }
  return answer.overallResult === 'Allowed';
}

export function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
