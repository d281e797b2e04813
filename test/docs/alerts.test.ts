import * as fs from 'node:fs';
import * as path from 'node:path';
import * as YAML from 'yaml';
import { bind, delivered, model } from '../delivery/fixture';
import { FORMS, pod } from '../delivery/oci-fixture';

const PAGE = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'alerts.md'), 'utf8');
const RULE = YAML.parse(/```yaml\n([\s\S]*?)```/.exec(PAGE)![1]);
const ALERTS: any[] = RULE.spec.groups.flatMap((group: any) => group.rules);

/**
 * Metrics with the labels that rules may use:
 * https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/workload/pod-metrics.md, read on 2026-11-21.
 */
const METRICS: Record<string, string[]> = {
  kube_pod_start_time: ['namespace', 'pod', 'uid'],
  kube_pod_init_container_status_running: ['container', 'namespace', 'pod', 'uid'],
  kube_pod_init_container_status_restarts_total: ['container', 'namespace', 'pod', 'uid'],
  kube_pod_init_container_status_last_terminated_reason: ['container', 'namespace', 'pod', 'reason', 'uid'],
  kube_pod_init_container_status_waiting_reason: ['container', 'namespace', 'pod', 'reason', 'uid'],
  kube_pod_status_unschedulable: ['namespace', 'pod', 'uid'],
  kube_pod_init_container_resource_requests: ['resource', 'unit', 'container', 'namespace', 'pod', 'node', 'uid'],
};

test('the rule is a PrometheusRule whose alerts have names, summaries and severities', () => {
  expect([RULE.apiVersion, RULE.kind]).toEqual(['monitoring.coreos.com/v1', 'PrometheusRule']);
  expect(ALERTS.length).toBeGreaterThanOrEqual(5);
  expect(new Set(ALERTS.map(({ alert }) => alert)).size).toBe(ALERTS.length);
  for (const { alert, expr, labels, annotations } of ALERTS) {
    expect(alert).toMatch(/^Model[A-Z]\w+$/);
    expect(labels.severity).toBe('warning');
    expect(annotations.summary).toMatch(/\{\{ \$labels\.namespace \}\}\/\{\{ \$labels\.pod \}\}/);
    for (const [open, close] of ['()', '{}', '[]']) expect(expr.split(open).length).toBe(expr.split(close).length);
  }
});

test.each(ALERTS.map(({ alert, expr }) => [alert, expr]))('%s uses metrics and labels that exist', (_, expr: string) => {
  const used = [...expr.matchAll(/\b(kube_\w+)(?:\{([^}]*)\})?/g)];
  expect(used).not.toHaveLength(0);
  for (const [, metric, selector = ''] of used) {
    expect(Object.keys(METRICS)).toContain(metric);
    for (const [, label] of selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) expect(METRICS[metric]).toContain(label);
  }
});

/** https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operator-precedence */
test('no comparison follows a set operator without parentheses: it would bind to the last operand, and the alert would never fire', () => {
  for (const { alert, expr } of ALERTS) {
    let flat: string = expr.replace(/\{[^}]*\}/g, '');
    while (/\([^()]*\)/.test(flat)) flat = flat.replace(/\([^()]*\)/g, '');
    expect([alert, flat.split(/\b(?:and|or|unless)\b/).slice(1).join()]).toEqual([alert, expect.not.stringMatching(/[<>]|[=!]=/)]);
  }
});

test('the page lists the metrics that the rules use, for collectors that drop others', () => {
  const used = new Set(ALERTS.flatMap(({ expr }) => expr.match(/\bkube_\w+/g)));
  const listed = [...PAGE.slice(PAGE.lastIndexOf('Behind a collector')).matchAll(/`(kube_\w+)`/g)].map(([, name]) => name);
  expect([...listed].sort()).toEqual([...used].sort());
});

test('the rules select the downloader by the name that it has', () => {
  const selectors = ALERTS.flatMap(({ expr }) => [...expr.matchAll(/container=~"([^"]*)"/g)].map(match => match[1]));
  expect(selectors.length).toBeGreaterThanOrEqual(ALERTS.length);
  for (const name of ['llama', 'a'.repeat(63)]) {
    const forms = Object.values(FORMS).map(form => bind([form().deliver(model(name))], pod()));
    const containers = [bind([delivered({}, model(name))]), ...forms].flatMap(({ initContainers }) => initContainers!);
    for (const selector of selectors) {
      const selected = (container: string) => new RegExp(`^(?:${selector})$`).test(container);
      // A sidecar runs as long as its pod.
      expect(containers.map(container => [container.name, selected(container.name)])).toEqual(containers.map(container => [container.name, container.restartPolicy !== 'Always']));
      expect([selected('storage-initializer'), selected('istio-init')]).toEqual([true, false]);
    }
  }
});
