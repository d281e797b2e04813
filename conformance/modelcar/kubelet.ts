import * as fs from 'node:fs';
import { Container, whoOf } from './container';
import { commandOf } from './delivered';
import { Site } from './site';

/** A second of a kubelet, in milliseconds: what a pod does in seconds takes so much shorter here. */
const SECOND = 100;

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));

/** How slow a node is, in milliseconds. */
export interface Pace {
  /** How long the pull of the model's image takes. */
  readonly pull: number;
  /** How long it takes until a container that is started runs. */
  readonly creation: () => number;
  /** How long it takes from then until a program of the model's image begins. */
  readonly lag: () => number;
}

/** What came of a pod. */
export interface Started {
  /** How often the application was started again until it had its model. */
  readonly restarts: number;
  /** Whether its link was there only after the first of them. */
  readonly late: boolean;
}

/**
 * Starts the containers of a pod in the order of a kubelet (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/): init containers one after the
 * other; one that restarts counts as started with its hook and its startup probe; then the others, in the order of the pod, each once its image is there. An
 * application that ends is started again after a second, and then after ten, twenty and so on.
 */
export class Kubelet {
  private readonly running: Promise<Container>[] = [];
  private pulled = false;

  constructor(private readonly site: Site, private readonly pace: Pace) {}

  async run(spec: any): Promise<Started> {
    try {
      for (const container of spec.initContainers ?? []) await this.init(container);
      const [application, ...others] = spec.containers;
      const first = this.application(application);
      for (const container of others) await this.start(container);
      return await first;
    } finally {
      await Promise.all(this.running.map(async container => (await container).stop()));
    }
  }

  private async init(container: any): Promise<void> {
    if (container.restartPolicy !== 'Always') {
      const process = await (await this.start(container)).process;
      const code = await process.ended;
      if (code !== 0) throw new Error(`${container.name} ended with ${code}: ${process.said}`);
      return;
    }
    await this.start(container);
    const hook = container.lifecycle?.postStart?.exec.command;
    if (hook) {
      const handler = new Container(this.site.image, whoOf(container), hook.map((text: string) => text.replace('sleep 1', `sleep ${SECOND / 1000}`)), { expand: false });
      if (await handler.ended !== 0) throw new Error(`the hook of ${container.name} failed: ${handler.said}`);
    }
    if (container.startupProbe) await this.probe(container);
  }

  private async probe(container: any): Promise<void> {
    const { exec: { command }, periodSeconds, failureThreshold } = container.startupProbe;
    for (let failures = 0; failures < failureThreshold; failures++) {
      if (await new Container(this.site.image, whoOf(container), command).ended === 0) return;
      await pause(periodSeconds * SECOND);
    }
    throw new Error(`the startup probe of ${container.name} did not pass`);
  }

  /** Comes back once the container is started: what runs in it may not be there yet. */
  private async start(container: any): Promise<{ process: Promise<Container> }> {
    if (!this.pulled) await pause(this.pace.pull);
    this.pulled = true;
    await pause(this.pace.creation());
    const process = pause(this.pace.lag()).then(() => new Container(this.site.image, whoOf(container), commandOf(container)));
    this.running.push(process);
    return { process };
  }

  private async application(container: any): Promise<Started> {
    let second: number | undefined;
    const folder = this.site.outside(commandOf(container).at(-1)!);
    for (let restarts = 0; restarts < 12; restarts++) {
      await pause(this.pace.creation());
      if (restarts === 1) second = Date.now();
      const run = new Container(this.site.application, whoOf(container), commandOf(container));
      if (await run.ended === 0) return { restarts, late: second !== undefined && fs.lstatSync(folder).ctimeMs >= second };
      await pause(SECOND * (restarts === 0 ? 1 : 10 * 2 ** (restarts - 1)));
    }
    throw new Error('the application never had its model');
  }
}
