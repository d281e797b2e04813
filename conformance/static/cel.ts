/** What a policy's expressions can select that is no field of an object. */
const OF_REQUESTS = [
  'object', 'oldObject', 'operation', 'name', 'namespace', 'userInfo', 'username', 'groups', 'uid', 'extra', 'dryRun', 'options', 'kind', 'resource', 'subResource',
  'requestKind', 'requestResource', 'requestSubResource', 'group', 'version',
];

/**
 * Names that an expression of CEL selects from an object although there is no such field. What is selected from `variables` is left to the server,
 * which compiles it, and what is selected from `params` and from labels and annotations has names of the user's own.
 */
export function undeclaredNames(expression: string, fields: ReadonlySet<string>): string[] {
  const plain = expression
    .replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, "''")
    .replace(/\bvariables\.\??\w+/g, 'variable')
    .replace(/\bparams(?:\.\??\w+)+/g, 'params')
    .replace(/\.(labels|annotations)\.\??\w+/g, '.$1');
  const names = [...plain.matchAll(/\.\??([A-Za-z_]\w*)\b(?!\s*\()/g)].map(([, name]) => name);
  return [...new Set(names)].filter(name => !fields.has(name) && !OF_REQUESTS.includes(name));
}
