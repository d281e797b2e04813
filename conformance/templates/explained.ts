import { Finding } from './cfn-lint';
import { Template } from './defects';

/** A finding that stays. */
export interface Explanation {
  readonly rule: string;
  readonly why: string;
  /** Which findings of the rule are meant. @default - all */
  readonly holds?: (finding: Finding, template: Template) => boolean;
}

/** Every finding in our templates has its explanation here, and every explanation its finding. */
export const EXPLAINED: Explanation[] = [
  {
    rule: 'W3005',
    why: 'an association waits for its role and for the policy of that role, or its pods would start before they may read; CDK names the role in that dependency too, though a reference implies it',
    holds: ({ path: [, id, property], message }, { Resources }) => {
      const dependsOn = Resources[id].DependsOn ?? [];
      return property === 'DependsOn' && Resources[id].Type === 'AWS::EKS::PodIdentityAssociation' && message.endsWith(`at 'Resources/${id}/Properties/RoleArn'`)
        && dependsOn.some(other => Resources[other].Type === 'AWS::IAM::Policy');
    },
  },
  {
    rule: 'I1022',
    why: 'advice of style: CDK writes Fn::Join wherever a text holds a value of another resource, and CloudFormation makes the same text of both',
  },
  {
    rule: 'I4010',
    why: 'advice to describe the architecture in the metadata of a template, which deploys nothing: whose app it is may write that',
  },
];

/** The explanation of a finding, where there is one. */
export function explanationOf(finding: Finding, template: Template): Explanation | undefined {
  return EXPLAINED.find(({ rule, holds }) => rule === finding.rule && (holds?.(finding, template) ?? true));
}
