import * as fs from 'node:fs';
import * as path from 'node:path';
import { EXAMPLE_LIST, ROOT, runApp, synthesised, written } from '../examples';
import { Part, Run } from '../part';
import { Finding, lint, REGIONS, shown } from './cfn-lint';
import { Defect, DEFECTS, Template } from './defects';
import { EXPLAINED, explanationOf } from './explained';
import { CFN_LINT } from '../tools/catalogue';

/** The templates of every example, and of the environment that `npm start` makes, by the schemas of CloudFormation. */
export const TEMPLATES: Part = {
  name: 'templates',
  tools: [CFN_LINT],
  async run(run) {
    const templates = await synthesiseAll(run.folder);
    const defective = DEFECTS.map((defect, index) => plant(defect, templates, path.join(run.folder, `defect-${index}.json`)));
    const findings = await lint([...[...templates.values()].flat(), ...defective], run.folder);
    await checkTemplates(run, templates, findings);
    await checkDefects(run, defective, findings);
  },
};

/** The name of the environment among the examples. */
const ENVIRONMENT = 'environment';

/** Paths of templates, by the example that they are of; two apps at a time. */
async function synthesiseAll(folder: string): Promise<Map<string, string[]>> {
  const templates = new Map<string, string[]>([...EXAMPLE_LIST.map(({ name }) => name), ENVIRONMENT].map(name => [name, []]));
  const names = [...templates.keys()];
  const work = async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) templates.set(name, await templatesOf(name, folder));
  };
  await Promise.all([work(), work()]);
  return templates;
}

async function templatesOf(name: string, folder: string): Promise<string[]> {
  if (name !== ENVIRONMENT) return (await synthesised({ name })).templates;
  const own = path.join(folder, ENVIRONMENT);
  fs.mkdirSync(own);
  await runApp(path.join(ROOT, 'bin', 'environment.ts'), own);
  return written(ENVIRONMENT, own).templates;
}

async function checkTemplates({ checks }: Run, templates: Map<string, string[]>, findings: Finding[]) {
  const row = checks(CFN_LINT.title, `templates of the examples in ${REGIONS.join(' and ')}: no finding that is not explained`);
  const used = new Set<string>();
  for (const [name, files] of templates) {
    await row.check(name, () => {
      const withoutAws = EXAMPLE_LIST.some(example => example.name === name && example.withoutAws);
      if ((files.length === 0) !== withoutAws) throw new Error(withoutAws ? `it is said to need nothing of AWS, and has ${files.join(', ')}` : 'no template was synthesised: nothing is checked');
      const unexplained = files.flatMap(file => unexplainedIn(file, findings, used));
      if (unexplained.length > 0) throw new Error(unexplained.map(shown).join('; '));
    });
  }
  const explanations = checks(CFN_LINT.title, 'explained findings that still occur');
  for (const { rule, why } of EXPLAINED) {
    await explanations.check(rule, () => {
      if (!used.has(rule)) throw new Error(`nothing is found any more that needs this explanation: remove it. It says: ${why}`);
    });
  }
}

function unexplainedIn(file: string, findings: Finding[], used: Set<string>): Finding[] {
  const template = read(file);
  return findings.filter(finding => finding.file === file).filter(finding => {
    const explanation = explanationOf(finding, template);
    if (explanation !== undefined) used.add(explanation.rule);
    return explanation === undefined;
  });
}

/** Writes the template of the defect's example with the defect in it: of several, the first in which it can be made. */
function plant({ name, example, make }: Defect, templates: Map<string, string[]>, file: string): string {
  for (const candidate of templates.get(example) ?? []) {
    const template = read(candidate);
    try {
      make(template);
    } catch {
      continue;
    }
    fs.writeFileSync(file, JSON.stringify(template, undefined, 1));
    return file;
  }
  throw new Error(`no template of ${example} has a place for '${name}'`);
}

async function checkDefects({ checks }: Run, files: string[], findings: Finding[]) {
  const row = checks(CFN_LINT.title, 'planted defects that are found');
  for (const [index, { name, rule }] of DEFECTS.entries()) {
    await row.check(name, () => {
      const rules = new Set(findings.filter(({ file }) => file === files[index]).map(finding => finding.rule));
      if (!rules.has(rule)) throw new Error(`${rule} does not find it: only ${[...rules].join(', ') || 'nothing'} is said`);
    });
  }
}

function read(file: string): Template {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}
