import { Subject } from './sessions';

/** What of a token of a service account is looked at here. */
export interface TokenClaims {
  readonly subject: Subject;
  readonly audiences: string[];
}

/**
 * Reads a token of a service account without checking its signature, as the agent of EKS Pod Identity does: that is left to the service behind it.
 *
 * @throws where it is none, or not valid now
 */
export function readToken(token: string): TokenClaims {
  const parts = token.split('.');
  if (parts.length !== 3) throw new Error('Service account token cannot be parsed: token is malformed: token contains an invalid number of segments');
  let claims: { 'exp'?: number; 'nbf'?: number; 'aud'?: string | string[]; 'kubernetes.io'?: { namespace?: string; serviceaccount?: { name?: string } } };
  try {
    JSON.parse(Buffer.from(parts[0], 'base64url').toString());
    claims = JSON.parse(Buffer.from(parts[1], 'base64url').toString());
  } catch (error) {
    throw new Error(`Service account token cannot be parsed: token is malformed: ${(error as Error).message}`);
  }
  const now = Date.now() / 1000;
  if (claims.exp !== undefined && claims.exp <= now) throw new Error('Service account token failed basic claim validations: token has invalid claims: token is expired');
  if (claims.nbf !== undefined && claims.nbf > now) throw new Error('Service account token failed basic claim validations: token has invalid claims: token is not valid yet');
  const { namespace, serviceaccount } = claims['kubernetes.io'] ?? {};
  return { subject: { namespace: namespace ?? '', serviceAccount: serviceaccount?.name ?? '' }, audiences: [claims.aud ?? []].flat() };
}
