import { ApiObject, App, Chart, DependencyGraph } from 'cdk8s';
import { IConstruct } from 'constructs';
import type { PodImages } from './image-mirror-pods';
import { kubernetesYaml } from '../yaml/kubernetes-yaml';

/**
 * A chart that knows the file it is written to.
 * @internal
 */
export interface ChartWithFile {
  readonly _manifestFile: string;

  /** Whether its objects are in a file of the user's. */
  _isElsewhere?(): boolean;
}

/**
 * A file that a construct makes.
 * @internal
 */
export interface PlainFile {
  /** Name of the file in its directory, at most one folder deep, such as `llama.yaml` or `llama/patch.yaml`. */
  readonly name: string;
  /** The objects in it. */
  readonly documents: any[];
  /** The objects as text, made when it is asked for. */
  readonly text: string;
  /** What it is, such as 'a Kustomize component', where a deployment can't apply it. */
  readonly directoryOnly?: string;
}

/**
 * One file of manifests.
 * @internal
 */
export interface RenderedFile extends PlainFile {
  /** The construct that the file comes from. */
  readonly source: string;
  /** Names of the files that it depends on; a chart without objects has none. */
  readonly dependencies: string[];
}

/**
 * A construct that is no chart and has files of its own.
 * @internal
 */
export interface ConstructWithFiles extends IConstruct {
  _files(images?: PodImages): PlainFile[];
}

/**
 * The files of a cdk8s app: one for each chart, and those of constructs that have files of their own. cdk8s itself resolves the dependencies of the
 * whole app again for every chart; here each chart is looked at once.
 * @internal
 */
export function renderManifests(app: App, images?: PodImages): RenderedFile[] {
  const files = new Map<string, RenderedFile>();
  for (const node of app.node.findAll()) {
    for (const file of filesOf(node, images)) {
      const other = files.get(file.name);
      if (other) {
        throw new Error(`${other.source} and ${file.source} would both be written to ${file.name}: give one of them another name`);
      }
      files.set(file.name, file);
    }
  }
  return [...files.values()];
}

function filesOf(node: IConstruct, images?: PodImages): RenderedFile[] {
  const source = node.node.path;
  if (hasFiles(node)) {
    return node._files(images).map(file => ({
      name: file.name,
      documents: file.documents,
      directoryOnly: file.directoryOnly,
      source,
      dependencies: [],
      get text() { return file.text; },
    }));
  }
  if (!Chart.isChart(node) || (node as Partial<ChartWithFile>)._isElsewhere?.()) return [];
  const documents = objectsOf(node).map(object => object.toJson());
  if (documents.length === 0) return [];
  documents.forEach(document => images?.apply(document));
  return [{ name: fileOf(node), source, documents, dependencies: dependenciesOf(node), get text() { return kubernetesYaml(documents); } }];
}

function hasFiles(node: IConstruct): node is ConstructWithFiles {
  return typeof (node as Partial<ConstructWithFiles>)._files === 'function';
}

function objectsOf(chart: Chart): ApiObject[] {
  const graph = new DependencyGraph(chart.node).topology();
  return graph.filter((node): node is ApiObject => ApiObject.isApiObject(node) && Chart.of(node) === chart);
}

function fileOf(chart: Chart): string {
  return (chart as Partial<ChartWithFile>)._manifestFile ?? `${chart.node.path.replace(/[^-\w.]+/g, '-')}.yaml`;
}

/** Files of other charts that the chart, or an object in it, depends on. */
function dependenciesOf(chart: Chart): string[] {
  const own = chart.node.findAll().filter(node => Chart.isChart(node) ? node === chart : Chart.of(node) === chart);
  const charts = own.flatMap(node => node.node.dependencies.flatMap(chartsOf)).filter(other => other !== chart);
  return [...new Set(charts.map(fileOf))];
}

function chartsOf(node: IConstruct): Chart[] {
  return Chart.isChart(node) ? node.node.findAll().filter(Chart.isChart) : [Chart.of(node)];
}
