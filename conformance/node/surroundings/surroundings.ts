import * as path from 'node:path';
import { Authority } from './authority';
import { NameServer } from './name-server';
import { PodIdentityAgent } from './pod-identity-agent';
import { frontNames, S3Front } from './s3-front';
import { Sessions } from './sessions';
import { Processes } from '../../processes';
import { Gateway } from '../../s3/gateway';


export interface SurroundingsProps {
  readonly processes: Processes;
  /** For what they keep. */
  readonly folder: string;
  /** Address of the node, at which the pods reach the name server and AWS. */
  readonly address: string;
  readonly region: string;
}

/** What stands around a node, in the network that this process is in: AWS as pods see it. */
export class Surroundings {
  /** The network must have the address of the node, and that of the agent. */
  static async start({ processes, folder, address, region }: SurroundingsProps): Promise<Surroundings> {
    const sessions = new Sessions();
    const authority = await Authority.make(path.join(folder, 'authority'));
    const gateway = await Gateway.start(processes, path.join(folder, 's3'), { region, virtualDomain: `s3.${region}.amazonaws.com` });
    const certificate = await authority.issue(frontNames(region));
    const front = new S3Front({ certificate, sessions, upstream: gateway.port, region });
    const [agent, names] = [new PodIdentityAgent(sessions), new NameServer('amazonaws.com', address)];
    await Promise.all([front.start(address), agent.start(), names.start()]);
    return new Surroundings(region, authority, gateway, front, agent, names, sessions);
  }

  private constructor(
    readonly region: string,
    readonly authority: Authority,
    readonly gateway: Gateway,
    readonly front: S3Front,
    readonly agent: PodIdentityAgent,
    readonly names: NameServer,
    readonly sessions: Sessions,
  ) {}

  async stop(): Promise<void> {
    await Promise.all([this.front.stop(), this.agent.stop(), this.names.stop()]);
  }
}
