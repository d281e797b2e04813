import { Construct } from 'constructs';
import { withoutHeader } from './directory-writer';
import { readExisting } from './existing-files';
import { ExistingWorkload, ExistingWorkloadOptions } from './existing-workload';
import type { HeldServiceAccount, HoldsServiceAccounts } from './held-service-account';
import type { PodImages } from './image-mirror-pods';
import type { ConstructWithFiles, PlainFile } from './rendered-manifests';
import { checkPath, knownPaths, templatePlaces, valueAt } from '../delivery/pod-template-paths';
import { ManifestFile, ManifestObject } from '../yaml/manifest-file';

/** An object, and where it is. */
interface Found {
  readonly file: number;
  readonly index: number;
  readonly place: string;
  readonly value: any;
}

/** Errors list so many objects at most. */
const LISTED = 20;

/**
 * Manifests that exist already, as files or as the output of Helm or Kustomize. All of them are written with the rest, by their names: what no model is
 * attached to stays as it is, to the byte.
 */
export class ExistingManifests extends Construct implements ConstructWithFiles, HoldsServiceAccounts {
  /** @internal */
  public static _of(scope: Construct, path: string): ExistingManifests {
    return new ExistingManifests(scope, path, readExisting(path).map(({ name, text }) => ManifestFile.parse(name, text)));
  }

  private readonly objects: Found[];
  private readonly workloads = new Map<string, ExistingWorkload>();

  private constructor(scope: Construct, private readonly path: string, private readonly files: ManifestFile[]) {
    super(scope, path);
    this.objects = files.flatMap(({ name, objects }, file) => objects.map((object, index) => found(name, file, index, object)));
    if (this.objects.length === 0) throw new Error(`existing manifests '${path}' have no object: give the file or the folder that has them`);
  }

  /**
   * A workload in them, to attach models to.
   *
   * @param kind of the object, such as `Deployment`
   * @param name of the object
   * @param options where there are several of the kind and name, or the kind is none that has its pods in a known place
   * @throws where there is no such object, or more than one, or no pod template where it should be
   */
  public workload(kind: string, name: string, options: ExistingWorkloadOptions = {}): ExistingWorkload {
    const named = this.objects.filter(({ value }) => value.kind === kind && value.metadata?.name === name);
    const meant = named.filter(({ value: { apiVersion, metadata } }) =>
      [undefined, metadata.namespace].includes(options.namespace) && [undefined, apiVersion].includes(options.apiVersion));
    const what = [`${kind} '${name}'`, options.namespace && `in namespace '${options.namespace}'`, options.apiVersion && `of ${options.apiVersion}`].filter(Boolean).join(' ');
    if (meant.length === 0) throw new Error(`there is no ${what} in ${this.path}, which has ${listed(this.objects)}: name one of these`);
    if (meant.length > 1) throw new Error(`there are ${meant.length} objects ${what} in ${this.path}, ${listed(meant)}: say which by namespace or apiVersion`);
    return this.workloadOf(meant[0], options.podTemplates, named.length === 1);
  }

  /** @internal */
  public _files(images?: PodImages): PlainFile[] {
    return this.files.map((manifest, file) => {
      const documents = manifest.objects.map(({ value }, index) => {
        const workload = this.workloads.get(`${file} ${index}`);
        const changed = structuredClone(workload?._changed(value) ?? value);
        images?.apply(changed);
        // Pods of a kind that only the user knows may be in places of any name.
        for (const place of workload ? templatePlaces(changed, workload._templates) : []) images?.apply({ template: valueAt(changed, place) });
        return changed;
      });
      return { name: manifest.name, documents, text: withoutHeader(manifest.textWith(documents)) };
    });
  }

  /**
   * The service account of a name, and where it is; undefined where the files don't hold it. One that says no namespace is taken for the one that is
   * asked for.
   * @internal
   */
  public _serviceAccount(namespace: string, name: string): HeldServiceAccount | undefined {
    return this.objects.find(({ value: { kind, metadata } }) => kind === 'ServiceAccount' && metadata?.name === name && (metadata.namespace || namespace) === namespace);
  }

  private workloadOf({ file, index, place, value }: Found, podTemplates: string[] | undefined, alone: boolean): ExistingWorkload {
    const label = `${value.kind} '${value.metadata.name}'`;
    const templates = podTemplates?.map(checkPath) ?? knownPaths(value);
    if (templates === undefined || templates.length === 0) {
      throw new Error(`${place}: ${label} is of ${value.apiVersion}, and where that has its pods is not known: pass podTemplates, such as ['spec.template']`);
    }
    const key = `${file} ${index}`;
    const present = this.workloads.get(key);
    if (present) {
      if (podTemplates === undefined || podTemplates.join() === present._templates.join()) return present;
      throw new Error(`${place}: ${label} was asked for with podTemplates ${present._templates.join(', ')}, and now with ${podTemplates.join(', ')}: ask for all of them at once`);
    }
    try {
      templatePlaces(value, templates);
    } catch (error) {
      throw new Error(`${place}: ${label}: ${(error as Error).message}`);
    }
    const id = `${value.kind} ${value.metadata.name}${alone ? '' : ` of ${value.metadata.namespace || 'no namespace'}, ${value.apiVersion}`}`;
    const workload = ExistingWorkload._of(this, id, value, place, templates);
    this.workloads.set(key, workload);
    return workload;
  }
}

function found(name: string, file: number, index: number, { line, value }: ManifestObject): Found {
  const place = `${name}:${line}`;
  if (typeof value?.kind !== 'string' || typeof value.apiVersion !== 'string') {
    throw new Error(`${place}: this is no Kubernetes object, as it has no ${typeof value?.kind !== 'string' ? 'kind' : 'apiVersion'}: give files of objects alone, as helm template and kubectl kustomize print them`);
  }
  return { file, index, place, value };
}

function listed(objects: Found[]): string {
  const names = objects.slice(0, LISTED).map(({ place, value: { apiVersion, kind, metadata } }) =>
    `${kind} '${metadata?.name}' (${[place, metadata?.namespace && `namespace ${metadata.namespace}`, apiVersion].filter(Boolean).join(', ')})`);
  return [...names, ...objects.length > LISTED ? [`and ${objects.length - LISTED} more`] : []].join(', ');
}
