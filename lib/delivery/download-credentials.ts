import { WorkloadIdentity } from '../access';

/**
 * How the downloader gets its credentials.
 * @internal
 */
export interface DownloadCredentials {
  /** Variables of the downloader. */
  readonly env: { name: string; value: string }[];
  /** The projected token that it shows, as a volume spells it. */
  readonly token: any;
}

// Names and path differ from those that EKS injects, so that its webhook leaves the downloader's own declaration as it is.
/** @internal */
export const TOKEN_FOLDER = '/var/run/secrets/model-download';

/** The longest life that EKS' webhook asks for itself; the kubelet renews the token at 80 % of it. */
const TOKEN_SECONDS = 86400;

/** @internal */
export function credentialsOf({ irsaRoleArn }: WorkloadIdentity, ipv6Cluster: boolean): DownloadCredentials {
  return irsaRoleArn === undefined ? podIdentity(ipv6Cluster) : webIdentity(irsaRoleArn);
}

/** https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
function podIdentity(ipv6Cluster: boolean): DownloadCredentials {
  const host = ipv6Cluster ? '[fd00:ec2::23]' : '169.254.170.23';
  return {
    env: [
      { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: `http://${host}/v1/credentials` },
      { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: `${TOKEN_FOLDER}/pod-identity-token` },
    ],
    token: { audience: 'pods.eks.amazonaws.com', expirationSeconds: TOKEN_SECONDS, path: 'pod-identity-token' },
  };
}

/**
 * IAM roles for service accounts. The audience is the same in every partition: it is a word, not an endpoint
 * (https://github.com/eksctl-io/eksctl/issues/1910).
 */
function webIdentity(roleArn: string): DownloadCredentials {
  return {
    env: [
      { name: 'MODEL_TRANSFER_CREDENTIALS', value: 'web-identity' },
      { name: 'AWS_ROLE_ARN', value: roleArn },
      { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${TOKEN_FOLDER}/web-identity-token` },
    ],
    token: { audience: 'sts.amazonaws.com', expirationSeconds: TOKEN_SECONDS, path: 'web-identity-token' },
  };
}
