// Rewrites the golden plans: node --conditions=heddle-source test/plans/update.ts. Read the diff before you commit it.
// stored/ is never rewritten: it holds plans as older versions made them.
import { writeFileSync } from 'node:fs';
import { compileExamples, names, planFile, planText, viewFile, viewText } from './golden.ts';

const { plans, problems } = await compileExamples();
if (problems.length > 0) throw new Error(JSON.stringify(problems, null, 2));
for (const name of names) {
  const compiled = plans.get(name);
  if (!compiled) throw new Error(`no plan of ${name}`);
  writeFileSync(planFile(name), planText(compiled));
  writeFileSync(viewFile(name), viewText(compiled));
}
