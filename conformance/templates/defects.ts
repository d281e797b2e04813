/** A template of CloudFormation, as far as the defects look into it. */
export interface Template {
  readonly Resources: Record<string, TemplateResource>;
}

export interface TemplateResource {
  Type: string;
  Properties: any;
  DependsOn?: string[];
  DeletionPolicy?: string;
}

/** A mistake that is made in a good template, and what must be said of it. */
export interface Defect {
  readonly name: string;
  /** The example whose template is taken. */
  readonly example: string;
  /** The rule of cfn-lint that finds it. */
  readonly rule: string;
  readonly make: (template: Template) => void;
}

/** The first resource of a type. */
function first(template: Template, type: string): TemplateResource {
  const found = Object.values(template.Resources).find(({ Type }) => Type === type);
  if (found === undefined) throw new Error(`the template has no ${type}`);
  return found;
}

const bucket = (template: Template) => first(template, 'AWS::S3::Bucket');
const association = (template: Template) => first(template, 'AWS::EKS::PodIdentityAssociation');
const role = (template: Template) => first(template, 'AWS::IAM::Role');
const statement = (template: Template) => first(template, 'AWS::IAM::Policy').Properties.PolicyDocument.Statement[0];
const transition = (template: Template) => bucket(template).Properties.LifecycleConfiguration.Rules.flatMap((rule: any) => rule.Transitions ?? [])[0];

const plant = (example: string, name: string, rule: string, make: (template: Template) => void): Defect => ({ example, name, rule, make });
const inDownload = plant.bind(undefined, 's3-download');
const inAirGapped = plant.bind(undefined, 'air-gapped');
const inAccounts = plant.bind(undefined, 'cross-account');

/** Made from our own templates, so that the check is known to bite. */
export const DEFECTS: Defect[] = [
  inDownload('a type that is misspelt', 'E3006', template => { association(template).Type += 's'; }),
  inDownload('an association without a service account', 'E3003', template => { delete association(template).Properties.ServiceAccount; }),
  inDownload('a property that is misspelt', 'E3002', template => { association(template).Properties.DisableSessionTag = true; }),
  inDownload('a number where a name belongs', 'E3012', template => { association(template).Properties.Namespace = { a: 1 }; }),
  inDownload('a role that is no ARN', 'E1156', template => { association(template).Properties.RoleArn = 'reader'; }),
  inDownload('an attribute that roles do not have', 'E1010', template => { association(template).Properties.RoleArn['Fn::GetAtt'][1] = 'Arnn'; }),
  inDownload('a dependency on nothing', 'E3005', template => { association(template).DependsOn = ['Gone']; }),
  inDownload('a circle of dependencies', 'E3004', template => { role(template).DependsOn = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::IAM::Policy').map(([id]) => id); }),
  inDownload('a storage class that is misspelt', 'E3030', template => { transition(template).StorageClass = 'INTELLIGENT_TIERNG'; }),
  inDownload('an encryption that is misspelt', 'E3030', template => { bucket(template).Properties.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm = 'aws:kmss'; }),
  inDownload('a rule that is enabled in lower case', 'E3030', template => { bucket(template).Properties.LifecycleConfiguration.Rules[0].Status = 'enabled'; }),
  inDownload('a rule of the lifecycle that does not say whether it holds', 'E3003', template => { delete bucket(template).Properties.LifecycleConfiguration.Rules[0].Status; }),
  inDownload('versions that are not kept', 'E3030', template => { bucket(template).Properties.VersioningConfiguration.Status = 'On'; }),
  inDownload('a bucket name in capitals', 'E3031', template => { bucket(template).Properties.BucketName = 'Acme_Models'; }),
  inDownload('a policy of deletion that does not exist', 'E3035', template => { bucket(template).DeletionPolicy = 'Keep'; }),
  inDownload('an action of S3 that does not exist', 'W3037', template => { statement(template).Action = 's3:GetObjects'; }),
  inDownload('a service that does not exist', 'W3037', template => { statement(template).Action = 's33:GetObject'; }),
  inDownload('an effect that is misspelt', 'E3510', template => { statement(template).Effect = 'allow'; }),
  inDownload('a statement without resources', 'E3510', template => { delete statement(template).Resource; }),
  inDownload('a version of the policy language that does not exist', 'E3510', template => { first(template, 'AWS::IAM::Policy').Properties.PolicyDocument.Version = '2021-10-17'; }),
  inDownload('a condition that is misspelt', 'E3510', template => { statement(template).Condition = { StringEqualz: { 'aws:PrincipalTag/eks-cluster-arn': 'x' } }; }),
  inDownload('a trust policy with a resource', 'E3530', template => { role(template).Properties.AssumeRolePolicyDocument.Statement[0].Resource = '*'; }),
  inDownload('a bucket policy without principals', 'E3512', template => { delete first(template, 'AWS::S3::BucketPolicy').Properties.PolicyDocument.Statement[0].Principal; }),
  inAirGapped('a kind of endpoint that does not exist', 'E3030', template => { first(template, 'AWS::EC2::VPCEndpoint').Properties.VpcEndpointType = 'interface'; }),
  inAirGapped('a security group that is no id', 'E1150', template => { Object.values(template.Resources).filter(({ Properties }) => Properties.SecurityGroupIds)[0].Properties.SecurityGroupIds = ['endpoints']; }),
  inAccounts('a key that is to be gone after one day', 'E3034', template => { first(template, 'AWS::KMS::Key').Properties.PendingWindowInDays = 1; }),
];
