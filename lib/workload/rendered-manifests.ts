import { ApiObject, App, Chart, DependencyGraph } from 'cdk8s';
import { IConstruct } from 'constructs';
import type { PodImages } from './image-mirror-pods';
import { kubernetesYaml } from './kubernetes-yaml';

/**
 * A chart that knows the file it is written to.
 * @internal
 */
export interface ChartWithFile {
  readonly _manifestFile: string;
}

/**
 * One file of manifests.
 * @internal
 */
export interface RenderedFile {
  /** Name of the file in its directory. */
  readonly name: string;
  /** The construct that the file comes from. */
  readonly source: string;
  /** The objects in it. */
  readonly documents: any[];
  /** Names of the files that it depends on; a chart without objects has none. */
  readonly dependencies: string[];
  /** The objects as YAML, made when it is asked for. */
  readonly text: string;
}

/**
 * The files of a cdk8s app, one for each chart. cdk8s itself resolves the dependencies of the whole app again for every chart; here each chart is
 * looked at once.
 * @internal
 */
export function renderManifests(app: App, images?: PodImages): RenderedFile[] {
  const files = new Map<string, RenderedFile>();
  for (const chart of app.node.findAll().filter(node => Chart.isChart(node)) as Chart[]) {
    const documents = objectsOf(chart).map(object => object.toJson());
    if (documents.length === 0) continue;
    documents.forEach(document => images?.apply(document));
    const name = fileOf(chart);
    const other = files.get(name);
    if (other) {
      throw new Error(`${other.source} and ${chart.node.path} would both be written to ${name}: give one of them another name`);
    }
    files.set(name, {
      name,
      source: chart.node.path,
      documents,
      dependencies: dependenciesOf(chart),
      get text() { return kubernetesYaml(documents); },
    });
  }
  return [...files.values()];
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

/**
 * Every image that the objects name, wherever in them.
 * @internal
 */
export function imagesIn(value: any): string[] {
  if (Array.isArray(value)) return value.flatMap(imagesIn);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => key === 'image' && typeof item === 'string' ? [item]
    : key === 'image' && typeof (item as any)?.reference === 'string' ? [(item as any).reference] : imagesIn(item));
}
