import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, AppProps, Stack } from 'aws-cdk-lib';
import * as cxapi from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import * as YAML from 'yaml';
import { restrictedViolations } from './pod-security';
import { ModelReaderRole, WorkloadIdentity } from '../../lib/access';
import { DeliveredModel, DeliverOptions, ModelDelivery } from '../../lib/delivery';
import { ModelArtifact } from '../../lib/model';
import { ModelBucket } from '../../lib/storage';
import { Engine, ManifestTarget, ModelManifests, ModelServer, ModelServerProps } from '../../lib/workload';
import { awsSide, DIGEST, model } from '../delivery/fixture';

export const IMAGE = `registry.example/vllm:1@${DIGEST}`;

const folders: string[] = [];

/** A folder that is gone after the tests of a file. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'model-manifests-'));
  folders.push(folder);
  return folder;
}

afterAll(() => folders.splice(0).forEach(folder => fs.rmSync(folder, { recursive: true, force: true })));

/** A CDK app whose assembly goes to a folder of its own. */
export function cdkApp(props: AppProps = {}): App {
  return new App({ outdir: path.join(temporaryFolder(), 'cdk.out'), ...props });
}

export interface EnvironmentOptions {
  readonly scope?: Construct;
  readonly stackId?: string;
  readonly cluster?: string;
  readonly manifestsId?: string;
  readonly directory?: string;
}

/** A CDK app with a bucket, a reader role and a set of manifests in a temporary folder. */
export class Environment {
  public readonly app: App;
  public readonly stack: Stack;
  public readonly bucket: ModelBucket;
  public readonly readers: ModelReaderRole;
  public readonly identity: WorkloadIdentity;
  public readonly manifests: ModelManifests;
  public readonly directory: string;

  constructor(options: EnvironmentOptions = {}) {
    const scope = options.scope ?? cdkApp();
    this.app = scope.node.root as App;
    const aws = awsSide(scope, options.stackId, options.cluster);
    this.stack = aws.stack;
    this.bucket = aws.bucket;
    this.readers = aws.readers;
    this.identity = aws.identity;
    this.directory = options.directory ?? path.join(temporaryFolder(), 'manifests');
    this.manifests = new ModelManifests(this.stack, options.manifestsId ?? 'Manifests', { target: ManifestTarget.directory(this.directory) });
  }

  public deliver(what: ModelArtifact = model(), how: DeliverOptions = {}): DeliveredModel {
    return ModelDelivery.s3Download({ bucket: this.bucket }).deliver(what, how);
  }

  /** A server with vLLM and one model, but for what is given. */
  public server(props: Partial<ModelServerProps> = {}, id = 'llama', scope: Construct = this.manifests): ModelServer {
    return new ModelServer(scope, id, { identity: this.identity, image: IMAGE, engine: Engine.VLLM, models: [this.deliver()], ...props });
  }

  public synth(): cxapi.CloudAssembly {
    return this.app.synth();
  }

  /** What the synth of the app says is wrong. */
  public refusal(): string {
    return refusal(() => this.synth());
  }

  public names(): string[] {
    return fs.existsSync(this.directory) ? fs.readdirSync(this.directory).sort() : [];
  }

  /** The files by their names. */
  public files(): Record<string, string> {
    return Object.fromEntries(this.names().map(name => [name, fs.readFileSync(path.join(this.directory, name), 'utf8')]));
  }

  /** Every object that was written. */
  public documents(): any[] {
    return Object.values(this.files()).flatMap(text => YAML.parseAllDocuments(text).map(document => document.toJS()));
  }
}

export function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

/** Messages of the CDK app about its constructs. */
export function messages(assembly: cxapi.CloudAssembly): string[] {
  return assembly.stacksRecursively.flatMap(stack => stack.messages.map(({ level, id, entry }) => `${level} ${id} ${String(entry.data)}`));
}

/** The pod template of a server; every one that a test asks for holds Pod Security `restricted`. */
export function podOf(made: ModelServer): any {
  const { template } = made.deployment.toJson().spec;
  expect(restrictedViolations(template.spec)).toEqual([]);
  return template;
}

export function containerOf(made: ModelServer): any {
  return podOf(made).spec.containers[0];
}

/** A server without the rest of the world. */
export function server(props: Partial<ModelServerProps> = {}, id?: string): ModelServer {
  return new Environment().server(props, id);
}

export function variablesOf(container: any): Record<string, string> {
  return Object.fromEntries(container.env.map(({ name, value }: any) => [name, value]));
}
