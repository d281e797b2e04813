import { ApiObject, App, Chart, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { IConstruct } from 'constructs';
import { FACTS } from './fixture';
import { DeliveredModel } from '../../lib/delivery';

export const IDENTITY = FACTS.identity!;

export function chart(): Chart {
  return new Chart(new App(), 'chart', { namespace: 'serving' });
}

const containers = [{ image: 'server:1' }];

/** The workloads of cdk8s-plus, each with what it writes apart from the pod template. */
export const WORKLOADS: Record<string, (scope: Chart) => kplus.Workload | kplus.Pod> = {
  Deployment: scope => new kplus.Deployment(scope, 'vllm', { containers, replicas: 1 }),
  StatefulSet: scope => new kplus.StatefulSet(scope, 'vllm', { containers, service: new kplus.Service(scope, 'service', { ports: [{ port: 80 }] }) }),
  DaemonSet: scope => new kplus.DaemonSet(scope, 'vllm', { containers }),
  Job: scope => new kplus.Job(scope, 'vllm', { containers }),
  CronJob: scope => new kplus.CronJob(scope, 'vllm', { containers, schedule: { expressionString: '0 4 * * *' } as any }),
  Pod: scope => new kplus.Pod(scope, 'vllm', { containers }),
};

export function deployment(scope = chart(), props: kplus.DeploymentProps = {}): kplus.Deployment {
  return new kplus.Deployment(scope, 'vllm', { containers, replicas: 1, ...props });
}

/** An object of no library. */
export function rawObject(template: any, more: any = {}, scope = chart()): ApiObject {
  return new ApiObject(scope, 'raw', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'raw' }, spec: { template, ...more } });
}

/** The object that a workload becomes, as the app writes it. */
export function rendered(workload: IConstruct): any {
  const object = ApiObject.of(workload);
  return Testing.synth(Chart.of(object)).find(document => document.kind === object.kind && document.metadata.name === object.name);
}

export function templateOf(object: any): any {
  if (object.kind === 'Pod') return object;
  return object.kind === 'CronJob' ? object.spec.jobTemplate.spec.template : object.spec.template;
}

export function podOf(workload: IConstruct): any {
  return templateOf(rendered(workload)).spec;
}

export function attached<T extends IConstruct>(workload: T, ...models: DeliveredModel[]): T {
  for (const each of models) each.attach(workload, { identity: IDENTITY });
  return workload;
}
