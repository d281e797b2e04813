import { finish } from '../processes';
import { CFN_LINT } from '../tools/catalogue';
import { python } from '../tools/python';

/** Where the templates could be deployed: what a resource may have differs by region. */
export const REGIONS = ['eu-west-1', 'us-east-1'];

/** What cfn-lint has to say of a template. */
export interface Finding {
  readonly file: string;
  readonly rule: string;
  /** Where in the template. */
  readonly path: string[];
  readonly message: string;
}

/** Exit codes that tell of findings: a sum of 2 for errors, 4 for warnings and 8 for advice. Others are failures of its own. */
const FOUND = [0, 2, 4, 6, 8, 10, 12, 14];

interface Match {
  readonly Filename: string;
  readonly Message: string;
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path: (string | number)[] | null };
}

/** What cfn-lint finds in templates by all of its rules, advice and experimental ones too. Runs in a folder that has no configuration of it. */
export async function lint(templates: string[], folder: string): Promise<Finding[]> {
  const args = ['-c', 'from cfnlint.runner import main; main()', '--regions', ...REGIONS, '--include-checks', 'I', '--include-experimental', '--format', 'json', '--', ...templates];
  const { code, stdout, stderr } = await finish(python(CFN_LINT), args, { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });
  if (!FOUND.includes(code)) throw new Error(`cfn-lint ended with ${code}: ${(stderr || stdout).trim().slice(-2000)}`);
  const matches: Match[] = stdout.trim() === '' ? [] : JSON.parse(stdout);
  return matches.map(match => ({ file: match.Filename, rule: match.Rule.Id, path: (match.Location.Path ?? []).map(String), message: match.Message }));
}

/** One line for a finding. */
export function shown({ rule, path, message }: Finding): string {
  return `${rule} at ${path.join('/')}: ${message.slice(0, 200)}`;
}
