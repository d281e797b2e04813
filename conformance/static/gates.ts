import { ApiServer } from './api-server';
import { KubernetesObject, titleOf } from './manifest';
import { podsOf, restricted } from './pods';
import { differences } from './round-trip';
import { findings } from './rules';

/** What an object must pass, in this order. */
export const GATES = ['server', 'round trip', 'pod', 'rule'] as const;
export type Gate = typeof GATES[number];

/** One object at one server. */
export interface Candidate {
  readonly server: ApiServer;
  readonly object: KubernetesObject;
  /** @default - the object's JSON */
  readonly text?: string;
  /** All that is applied together, itself included. */
  readonly objects: KubernetesObject[];
  /** Containers of the user's own that are not as Pod Security `restricted` wants them. @default - all are */
  readonly unrestricted?: string[];
}

/** A gate lets an object pass or throws with the reason. */
export const PASS: Record<Gate, (candidate: Candidate) => Promise<void>> = {
  'server': async ({ server, object, text }) => void await server.admit(object, text),
  'round trip': async ({ server, object, text }) => refuse(differences(object, await server.admit(object, text))),
  'pod': async ({ server, object, unrestricted = [] }) => {
    for (const pod of podsOf(object).map(each => restricted(each, unrestricted))) refuse(differences(pod, await server.admit(pod)), titleOf(pod));
  },
  'rule': async ({ server, object, objects }) => {
    const fields = object.kind === 'ValidatingAdmissionPolicy' ? await server.policyFields(object) : new Set<string>();
    refuse(findings(object, { objects, fields }));
  },
};

/** The first gate that refuses it, and why. */
export async function refusal(candidate: Candidate): Promise<{ gate: Gate; reason: string } | undefined> {
  for (const gate of GATES) {
    try {
      await PASS[gate](candidate);
    } catch (error) {
      return { gate, reason: (error as Error).message };
    }
  }
  return undefined;
}

function refuse(reasons: string[], what?: string) {
  if (reasons.length > 0) throw new Error(`${what === undefined ? '' : `${what}: `}${reasons.join('; ')}`);
}
