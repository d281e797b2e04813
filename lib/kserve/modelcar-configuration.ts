import { ModelcarConfigurationOptions, OciModelMode } from './modelcar-configuration-options';
import { isAtLeast } from '../delivery/cluster-facts';
import { checkQuantity } from '../private/kubernetes-names';
import { literal } from '../private/literal';
import { ManifestFile } from '../yaml/manifest-file';

const KEY = 'storageInitializer';
const CONFIG_MAP = 'inferenceservice-config';

/**
 * Changes to how KServe brings models that come in images: keys of the JSON that ConfigMap `inferenceservice-config` of namespace `kserve` has as
 * `storageInitializer`. All else in it stays as it is. KServe 0.12 to 0.20 need no restart: their webhook reads the ConfigMap for each pod that is made, and
 * their controller for each service that it looks at. Pods that are there stay as they are.
 */
export class ModelcarConfiguration {
  /**
   * @throws where this version of KServe does not know what is asked for, or does something else than it says
   */
  public static of(options: ModelcarConfigurationOptions): ModelcarConfiguration {
    return new ModelcarConfiguration(options);
  }

  /**
   * Starts the controller, with its webhook, anew, so that it reads its configuration: to be run once that was applied. Undefined up to KServe 0.20, which
   * needs none. How later versions read it is not known here.
   */
  public readonly restartCommand?: string;

  private constructor(private readonly options: ModelcarConfigurationOptions) {
    const { kserveVersion, cpu, memory, ociModelMode, enabled } = options;
    const since = (minor: number) => isAtLeast('kserveVersion', kserveVersion, { major: 0, minor });
    for (const [key, value] of Object.entries({ cpu, memory })) {
      if (value !== undefined) checkQuantity(`${key} of a modelcar`, literal(value, `${key} of a modelcar`, 'a configuration has it; pass a literal string'));
    }
    // https://github.com/kserve/kserve/blob/v0.20.0/pkg/webhook/admission/pod/mutator.go
    this.restartCommand = since(21) ? 'kubectl rollout restart deployment/kserve-controller-manager --namespace kserve' : undefined;
    if (ociModelMode === undefined) return;
    if (!since(20)) throw new Error(`ociModelMode '${ociModelMode}' is not known to KServe ${kserveVersion}, which adds a modelcar whatever it says: leave it out, or use 0.20 or later`);
    if (ociModelMode === OciModelMode.FETCH && !since(21)) throw new Error(`ociModelMode 'fetch' is taken by KServe ${kserveVersion}, which then adds a modelcar all the same: use OciModelMode.NATIVE, or 0.21 or later`);
    if (enabled === false) throw new Error(`ociModelMode '${ociModelMode}' turns images on, whatever enableModelcar says: leave one of both out`);
  }

  /**
   * The value of `storageInitializer` with the changes.
   *
   * @param storageInitializer the value as it is
   * @throws where it is no JSON object, or has keys by which something else comes of it
   */
  public applyTo(storageInitializer: string): string {
    const { kserveVersion, enabled, cpu, memory, user, ociModelMode } = this.options;
    const before = parsed(storageInitializer);
    // Older versions know neither key.
    const other = isAtLeast('kserveVersion', kserveVersion, { major: 0, minor: 20 }) ? ['ociModelMode', 'enableOciModelSupport'].find(key => before[key]) : undefined;
    if (enabled === false && other !== undefined) throw new Error(`'${KEY}' has ${other} ${JSON.stringify(before[other])}, by which images stay on whatever enableModelcar says: remove it first`);
    const values = { enableModelcar: enabled, cpuModelcar: cpu, memoryModelcar: memory, uidModelcar: user?._uid, ociModelMode };
    const after: Record<string, any> = { ...before, ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) };
    // KServe tells 0, which is root, from a user that is not there.
    if (user && user._uid === undefined) delete after.uidModelcar;
    return `${JSON.stringify(after, undefined, 4)}\n`;
  }

  /**
   * The text of a manifest that holds ConfigMap `inferenceservice-config`, with the changes: whatever else is in it stays as it is, comments too.
   *
   * @param manifest text of a YAML file, such as the output of `helm template` for KServe's chart
   * @throws where it holds no such ConfigMap, or more than one
   */
  public applyToManifest(manifest: string): string {
    const file = ManifestFile.parse(CONFIG_MAP, manifest);
    const values = file.objects.map(({ value }) => value);
    const found = values.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata?.name === CONFIG_MAP && typeof metadata === 'object');
    if (found.length !== 1) throw new Error(`the manifest has ${found.length === 0 ? 'no' : found.length} ConfigMap '${CONFIG_MAP}': give the text that has the one of KServe`);
    const [{ data }] = found;
    if (typeof data?.[KEY] !== 'string') throw new Error(`ConfigMap '${CONFIG_MAP}' has no '${KEY}' in its data: give the one that KServe was installed with`);
    return file.textWith(values.map(value => value === found[0] ? { ...value, data: { ...data, [KEY]: this.applyTo(data[KEY]) } } : value));
  }
}

function parsed(text: string): Record<string, any> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`'${KEY}' is no JSON (${(error as Error).message}): give its value, as kubectl get configmap ${CONFIG_MAP} --namespace kserve prints it`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error(`'${KEY}' is no JSON object: give its value, such as '{"image": "…"}'`);
  return value as Record<string, any>;
}
