import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { knownPaths, templatePlaces, valueAt, WORKLOADS } from './pod-template-paths';
import { ExistingWorkload } from '../workload/existing-workload';

/**
 * What models are attached to: an object of cdk8s, or one of a file.
 * @internal
 */
export interface AttachTarget {
  /** The same for the same object. */
  readonly key: object;
  /** What errors call it. */
  readonly label: string;
  /** Paths to its pod templates. */
  readonly templates: string[];
  /** Whether it comes out of a file, and may go into one again. */
  readonly recorded: boolean;
  /** Whether it is its author's part to write the service account that it has. */
  readonly bringsServiceAccount: () => boolean;
  /** Takes what is to be done to it whenever it is rendered. */
  readonly change: (change: (object: any) => any) => void;
}

/**
 * @throws where the construct stands for no pods
 * @internal
 */
export function attachTarget(workload: IConstruct): AttachTarget {
  if (workload instanceof ExistingWorkload) {
    return {
      key: workload,
      label: workload._label,
      templates: workload._templates,
      recorded: true,
      bringsServiceAccount: () => false,
      change: change => workload._changedBy(change),
    };
  }
  const object = workloadObject(workload);
  const templates = knownPaths(object)!;
  return {
    key: object,
    label: workload.node.path,
    templates,
    recorded: false,
    bringsServiceAccount: () => bringsServiceAccount(workload, object, templates),
    change: change => changeRendering(object, change),
  };
}

/** cdk8s-plus drops fields that it does not know, those of patches too: only what the object has become is safe from it. */
function changeRendering(object: ApiObject, change: (object: any) => any) {
  const render = object.toJson.bind(object);
  object.toJson = () => change(render());
}

/** Asked before the attachment fills it in. A workload of cdk8s-plus may have no containers yet, and then renders to nothing. */
function bringsServiceAccount(workload: IConstruct, object: ApiObject, templates: string[]): boolean {
  if (workload !== object) return (workload as { serviceAccount?: unknown }).serviceAccount !== undefined;
  const rendered = object.toJson();
  const specs = templates.flatMap(path => templatePlaces(rendered, [`${path}?`])).map(place => valueAt(rendered, place).spec);
  return specs.some(({ serviceAccountName, serviceAccount }) => Boolean(serviceAccountName || serviceAccount));
}

function workloadObject(workload: IConstruct): ApiObject {
  let object: IConstruct | undefined = workload;
  while (object && !ApiObject.isApiObject(object)) object = object.node.defaultChild;
  if (!object || !knownPaths(object as ApiObject)) {
    const what = object ? `a ${(object as ApiObject).kind} of ${(object as ApiObject).apiVersion}` : 'no Kubernetes object';
    throw new Error(`${workload.node.path} is ${what}, and models are attached to pods: pass a ${WORKLOADS.join(', ')}, or a construct whose default child is one`);
  }
  return object as ApiObject;
}
