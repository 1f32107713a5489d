/** The text that `heddle types` writes. */
import { compileProject } from '../../compiler/compile.ts';
import { pythonTypes } from '../../compiler/python-types.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { problemsError } from './compile-for-run.ts';

/** Throws HDL-PROBLEMS where the Python classes need plans that cannot be made. */
export async function typesOf(config: ResolvedConfig, python: boolean): Promise<string> {
  if (!python) return registerText(config);
  const { plans, problems } = await compileProject(config);
  if (problems.length > 0) throw problemsError(problems, config.folder);
  const tasks = new Map([...plans.values()].flatMap(({ plan }) => Object.entries(plan.contracts.tasks)).filter(([, task]) => task.command !== undefined));
  return pythonTypes([...tasks.values()]);
}

function registerText({ pools }: ResolvedConfig): string {
  const union = (names: readonly string[]): string =>
    [...new Set(names)]
      .sort()
      .map((name) => JSON.stringify(name).replaceAll('"', "'"))
      .join(' | ');
  const classes = Object.values(pools).flatMap((pool) => Object.keys(pool.classes));
  return [
    '// Made by `heddle types` from heddle.config.ts: do not edit. Pools and classes that tasks may name.',
    "import 'heddle';",
    '',
    "declare module 'heddle' {",
    '  interface Register {',
    `    pools: ${union(Object.keys(pools))};`,
    `    classes: ${union(classes)};`,
    '  }',
    '}',
    '',
  ].join('\n');
}
