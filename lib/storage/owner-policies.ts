import * as fs from 'node:fs';
import * as path from 'node:path';
import { Annotations, Stack } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { MAX_BUCKET_POLICY, MAX_KEY_POLICY, policySize } from '../access/policy-size';
import { hasIntrinsic, literalJson } from '../private/literal-json';
import { OwnerPolicy } from '../private/owner-policy';
import { lacksContext, onSynthesis } from '../private/synthesis';

/**
 * Reports what the owners of resources that we did not create must add: in a file beside the template of the stack, and by a warning each.
 *
 * @param scope that the warnings belong to
 * @param policies asked for at synth, when every grant is made
 * @internal
 */
export function requireOwnerPolicies(scope: IConstruct, policies: () => OwnerPolicy[]): void {
  const stack = templateStack(scope);
  const file = (stack.node.tryFindChild(ID) as OwnerPolicyFile | undefined) ?? new OwnerPolicyFile(stack, ID);
  file.add(scope, policies);
}

const ID = 'cdk-eks-model-artifacts.owner-policies';
const READ_ME = 'What the owners of these resources add to their policies: this stack did not create them, so it changes nothing there.';
const NOT_LITERAL = 'Ref and Fn:: are those of CloudFormation: replace them by the values, which are known only after deploying.';

/** A nested stack is deployed by the stack around it. */
function templateStack(scope: IConstruct): Stack {
  let stack = Stack.of(scope);
  while (stack.nestedStackParent) stack = stack.nestedStackParent;
  return stack;
}

interface Requirement {
  readonly what: string;
  readonly resource: any;
  readonly note?: string;
  readonly statements: any[];
  readonly pruners?: any[];
}

/** One file for each stack: what one resource needs for several reasons is in one place. */
class OwnerPolicyFile extends Construct {
  private readonly sources: Array<{ scope: IConstruct; policies: () => OwnerPolicy[] }> = [];
  private readonly name = Stack.of(this).templateFile.replace(/template\.json$/, 'owner-policies.json');

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.node.addValidation({ validate: () => this.warn() });
    onSynthesis(this, assembly => this.write(path.join(assembly, this.name)));
  }

  public add(scope: IConstruct, policies: () => OwnerPolicy[]) {
    this.sources.push({ scope, policies });
  }

  private warn(): string[] {
    if (lacksContext(this)) return [];
    for (const { scope, policies } of this.sources) {
      for (const { what, resourceArn, pruners } of policies().filter(asksForSomething)) {
        Annotations.of(scope).addWarningV2('cdk-eks-model-artifacts:ownerMustAdd',
          `the owner of ${described(literalJson(scope, resourceArn))} must add ${pruners ? 'roles' : 'statements'} to the ${what}: they are in ${this.name}, in the folder of the templates; acknowledge this once they are there`);
      }
    }
    return this.requirements().flatMap(({ what, resource, statements }) => {
      const size = policySize(this, { Version: '2012-10-17', Statement: statements });
      const most = what.startsWith('policy of the key') ? MAX_KEY_POLICY : MAX_BUCKET_POLICY;
      return size <= most || !what.startsWith('policy of') ? [] : [
        `what the owner of ${described(resource)} must add to the ${what} has ${size} bytes, and it takes ${most} in all: `
        + 'serve several clusters by one reader role (additionalClusters), give it a targetRoleArn, or spread tenants over buckets',
      ];
    });
  }

  private write(file: string) {
    const requirements = this.requirements();
    if (requirements.length === 0) fs.rmSync(file, { force: true }); // of an earlier synth
    else fs.writeFileSync(file, `${JSON.stringify({ readMe: READ_ME, requirements }, undefined, 2)}\n`);
  }

  private requirements(): Requirement[] {
    const found = new Map<string, Requirement>();
    for (const { scope, policies } of this.sources) {
      for (const policy of policies().filter(asksForSomething)) {
        const resource = literalJson(scope, policy.resourceArn);
        const key = JSON.stringify([policy.what, resource]);
        const before = found.get(key);
        found.set(key, {
          what: policy.what,
          resource,
          note: before?.note ?? policy.note,
          statements: distinct(before?.statements, policy.statements.map(statement => literalJson(scope, statement.toStatementJson()))),
          pruners: policy.pruners && distinct(before?.pruners, literalJson(scope, policy.pruners)),
        });
      }
    }
    return [...found.values()].map(({ what, resource, note, statements, pruners }) => {
      const notes = [...note === undefined ? [] : [note], ...hasIntrinsic([resource, statements, pruners ?? []]) ? [NOT_LITERAL] : []];
      return { what, resource, note: notes.length > 0 ? notes.join(' ') : undefined, ...pruners ? { statements: [], pruners } : { statements } };
    });
  }
}

function asksForSomething({ statements, pruners = [] }: OwnerPolicy): boolean {
  return statements.length > 0 || pruners.length > 0;
}

function distinct(before: any[] = [], more: any[]): any[] {
  return [...new Map([...before, ...more].map(each => [JSON.stringify(each), each])).values()];
}

function described(resource: any): string {
  return hasIntrinsic(resource) ? JSON.stringify(resource) : resource;
}
