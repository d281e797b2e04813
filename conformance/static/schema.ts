interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface Schema {
  readonly 'properties'?: Record<string, unknown>;
  readonly 'x-kubernetes-group-version-kind'?: Kind[];
}

/** Names of all fields of a kind, however deep, by the OpenAPI document of its group. */
export function fieldsOf(openApi: { components: { schemas: Record<string, Schema> } }, kind: Kind): Set<string> {
  const { schemas } = openApi.components;
  const same = (other: Kind) => other.group === kind.group && other.version === kind.version && other.kind === kind.kind;
  const seen = new Set<string>();
  const fields = new Set<string>();
  const visit = (value: unknown, key = '') => {
    if (key === 'properties') for (const name of Object.keys(value as object)) fields.add(name);
    if (key === '$ref') follow(String(value).split('/').pop()!);
    if (typeof value === 'object' && value !== null) for (const [name, each] of Object.entries(value)) visit(each, name);
  };
  const follow = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    visit(schemas[name]);
  };
  for (const [name, schema] of Object.entries(schemas)) if (schema['x-kubernetes-group-version-kind']?.some(same)) follow(name);
  return fields;
}
