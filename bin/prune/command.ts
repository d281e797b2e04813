import { Catalog, catalogOf, StoredVersion } from './catalog';
import { duration } from './duration';
import { Inventory, INVENTORY_COMMAND, InventoryRules, sameClusters } from './inventory';
import { Decision, plan } from './plan';
import { referenceLock, referenceManifests } from './reference-files';
import { References } from './references';
import { removeVersion } from './remove';
import { planFields, planLines } from './report';
import { checkVersioned, freedWhen } from './safety';
import { undo } from './undo';
import { MODEL_NAME, displayName } from '../../lib/model/layout';
import { checkSpelling, DNS_LABEL } from '../../lib/private/spelling';
import { Call, Command, CommandError, text, texts, UsageError, wholeNumber } from '../cli/command';
import { MODEL_OPTIONS, modelIdFrom } from '../cli/model-id';
import { bytes } from '../cli/output';
import { Store, STORE_OPTIONS, STORE_USAGE } from '../cli/store';

export const PRUNE: Command = {
  summary: 'lists or removes published versions that nothing references, or brings one back',
  usage: [
    's3://bucket --inventory FILE… [options]',
    '       cdk-eks-model-artifacts prune s3://bucket --undo --name N --version V [--tenant T]',
    '',
    'Lists versions that nothing references and that are old enough; removes them with --delete.',
    '  --inventory F                 what runs in a cluster; once for each cluster that reads the bucket:',
    `                                ${INVENTORY_COMMAND} > F`,
    '  --inventory-without-models F  the same, of a cluster that serves none of the models',
    '  --max-inventory-age T         how old an inventory may be, default 1h',
    '  --lock F                      lock file: all its versions stay; may be repeated',
    '  --manifests DIR               folder of manifests: what they name stays; may be repeated',
    '  --keep N                      newest versions of each model that stay in any case, default 2',
    '  --min-age T                   time since a version was published, default 30d',
    '  --tenant T, --name N          these models alone; without them those of all tenants, and for everybody',
    '  --delete                      removes; without it nothing is changed',
    '  --without-undo                removes from a bucket without versioning too, for good',
    '  --undo                        publishes a removed version again, as long as the bucket keeps it',
    ...STORE_USAGE,
  ].join('\n'),
  options: {
    ...MODEL_OPTIONS,
    ...STORE_OPTIONS,
    'inventory': { type: 'string', multiple: true },
    'inventory-without-models': { type: 'string', multiple: true },
    'max-inventory-age': { type: 'string' },
    'lock': { type: 'string', multiple: true },
    'manifests': { type: 'string', multiple: true },
    'keep': { type: 'string' },
    'min-age': { type: 'string' },
    'delete': { type: 'boolean' },
    'without-undo': { type: 'boolean' },
    'undo': { type: 'boolean' },
  },
  async run(call) {
    if (call.words.length > 1) throw new UsageError(`'${call.words[1]}' is one word too many: give one bucket`);
    const store = Store.at(call.words[0], call);
    await (call.values.undo ? undoOne(store, call) : prune(store, call));
  },
};

async function undoOne(store: Store, call: Call) {
  if (call.values.delete) throw new UsageError('--undo brings back and --delete removes: give one of them');
  await undo(store, modelIdFrom(call), call);
}

async function prune(store: Store, call: Call) {
  const scope = scopeOf(call);
  const rules = { keep: wholeNumber(call, 'keep', 2), minimumAgeMs: duration(call, 'min-age', '30d'), now: new Date() };
  const references = referencesOf(call, { now: rules.now, maximumAgeMs: duration(call, 'max-inventory-age', '1h') });
  if (call.values.delete && !call.values['without-undo']) await checkVersioned(store);

  const catalog = await catalogOf(store, scope);
  const decisions = plan(catalog.versions, references, rules);
  const planned = { catalog, decisions, offered: decisions.filter(({ reasons }) => reasons.length === 0).map(({ version }) => version) };
  await (call.values.delete ? remove(store, call, planned) : show(store, call, planned));
}

interface Planned {
  readonly catalog: Catalog;
  readonly decisions: Array<Decision<StoredVersion>>;
  readonly offered: StoredVersion[];
}

async function show(store: Store, { output }: Call, { catalog, decisions, offered }: Planned) {
  const freed = offered.length > 0 ? `, freed ${await freedWhen(store)}` : '';
  output.result({ ...planFields(decisions, catalog), removed: [], bytes: sizeOf(offered) }, [
    ...planLines(decisions, catalog),
    `would remove ${offered.length} of ${decisions.length} versions, ${bytes(sizeOf(offered))}${freed}; nothing is changed without --delete`,
  ]);
}

async function remove(store: Store, { output, values }: Call, { catalog, decisions, offered }: Planned) {
  const removed: StoredVersion[] = [];
  for (const version of offered) {
    const name = displayName(version.id);
    try {
      if (await removeVersion(store, version)) {
        removed.push(version);
        output.note(`removed ${name}, ${bytes(version.stored.bytes)}`);
      } else {
        output.warn('versionChanged', `${name} changed since it was listed: it stays`);
      }
    } catch (error) {
      const before = removed.map(({ id }) => displayName(id)).join(', ') || 'nothing';
      throw new CommandError(
        `removing ${name} stopped: ${(error as Error).message}; removed before it: ${before}. The next run goes on, and --undo with --name and --version brings a version back`,
      );
    }
  }
  const freed = removed.length > 0 && !values['without-undo'] ? `, freed ${await freedWhen(store)}; until then --undo brings them back` : '';
  output.result({ ...planFields(decisions, catalog), removed: removed.map(({ id }) => id), bytes: sizeOf(removed) }, [
    ...planLines(decisions, catalog),
    `removed ${removed.length} of ${decisions.length} versions, ${bytes(sizeOf(removed))}${freed}`,
  ]);
}

function sizeOf(versions: StoredVersion[]): number {
  return versions.reduce((sum, { stored }) => sum + stored.bytes, 0);
}

function scopeOf(call: Call) {
  if (text(call, 'version') !== undefined) throw new UsageError('--version is for --undo: what is removed is decided by what is referenced');
  const [tenant, name] = [text(call, 'tenant'), text(call, 'name')];
  try {
    if (tenant !== undefined) checkSpelling('tenant', tenant, DNS_LABEL);
    if (name !== undefined) checkSpelling('model name', name, MODEL_NAME);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return { tenant, name };
}

/** What everything that was given points at. What proves nothing is an error where something is to be removed, and else a warning. */
function referencesOf(call: Call, rules: InventoryRules): References {
  const references = new References();
  texts(call, 'lock').forEach(file => referenceLock(references, file));
  texts(call, 'manifests').forEach(folder => referenceManifests(references, folder));
  const inventories = [
    ...texts(call, 'inventory').map(file => Inventory.read(file, true)),
    ...texts(call, 'inventory-without-models').map(file => Inventory.read(file, false)),
  ];
  inventories.forEach(inventory => inventory.reference(references));
  const problems = [...inventories.flatMap(inventory => inventory.problems(rules)), ...sameClusters(inventories)];
  if (inventories.length === 0) problems.push(`without --inventory nobody knows what runs: give one for each cluster, made with '${INVENTORY_COMMAND}'`);
  if (problems.length > 0 && call.values.delete) throw new CommandError(`nothing is removed: ${problems.join('; ')}`);
  for (const problem of problems) call.output.warn('inventoryProvesNothing', `${problem}; --delete is refused so`);
  return references;
}
