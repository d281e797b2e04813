import * as fs from 'node:fs';
import * as path from 'node:path';
import { Processes } from '../processes';
import { Agent, SERVICE_ACCOUNT_TOKEN } from './agent';
import { makeModel, Model, putModel, REGION, Sizes } from './model';
import { Gateway } from '../s3/gateway';

const BUCKET = 'models';
const PREFIX = 'models/serving/llama/v1/';

/** What downloads run against: a model in a real S3 server, and an agent that gives credentials for it. */
export class Bed {
  static async start(processes: Processes, folder: string, sizes?: Sizes): Promise<Bed> {
    const gateway = await Gateway.start(processes, path.join(folder, 's3'), { region: REGION });
    const model = makeModel('published', sizes);
    await putModel(gateway.endpoint, BUCKET, PREFIX, model);
    const tokenFile = path.join(folder, 'token');
    fs.writeFileSync(tokenFile, SERVICE_ACCOUNT_TOKEN);
    return new Bed(processes, folder, gateway, model, await Agent.start(), tokenFile);
  }

  readonly bucket = BUCKET;
  readonly prefix = PREFIX;
  readonly region = REGION;

  private constructor(
    readonly processes: Processes, /** For what is downloaded. */ readonly folder: string, readonly gateway: Gateway, readonly model: Model,
    private readonly credentials: Agent, private readonly tokenFile: string,
  ) {}

  /** Where credentials are had as from EKS Pod Identity. */
  get agent() {
    return { uri: this.credentials.uri, tokenFile: this.tokenFile };
  }

  /** The S3 server ends with the part's processes. */
  stop(): void {
    this.credentials.stop();
  }
}
