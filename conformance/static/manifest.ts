import { isMap, parseAllDocuments } from 'yaml';

/** Any object of Kubernetes, as its JSON has it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string>; [field: string]: any };
  [field: string]: any;
}

/** One document of a manifest. */
export interface Document {
  readonly object: KubernetesObject;
  /** As it stands in the file, comments and all: the server reads it for itself. */
  readonly text: string;
}

/** The documents of a file, by YAML 1.1, as Kubernetes reads them. */
export function documents(yaml: string): Document[] {
  return parseAllDocuments(yaml, { version: '1.1', merge: true })
    .filter(document => document.errors.length > 0 || document.toJS() !== null)
    .map(document => {
      const wrong = document.errors[0]?.message ?? (isMap(document.contents) ? undefined : 'it is no map');
      if (wrong !== undefined) throw new Error(`a document can't be read: ${wrong}: ${yaml.slice(document.range[0], document.range[1]).slice(0, 200)}`);
      return { object: document.toJS(), text: yaml.slice(document.range[0], document.range[1]) };
    });
}

/** How an object is called in what is printed. */
export function titleOf({ kind, metadata }: KubernetesObject): string {
  return [kind, metadata.namespace, metadata.name].filter(part => part !== undefined).join(' ');
}
