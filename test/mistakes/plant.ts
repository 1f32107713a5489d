/**
 * Plants the mistakes of compiler.txt and check.txt in a project of their own, catches them as `heddle check` does, and
 * gives the golden text. For mistakes.test.ts and update.ts.
 */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeProblems } from '../../compiler/check.ts';
import { compileProject } from '../../compiler/compile.ts';
import { checkLock } from '../../compiler/lock.ts';
import { typecheck } from '../../compiler/typecheck.ts';
import { sortProblems, type Problem } from '../../compiler/problem.ts';

const here = import.meta.dirname;
const repository = join(here, '..', '..');
/** One line, so that line n of a mistake is line n + 1 of its file. */
const IMPORTS =
  "import { all, always, approval, byCron, dataset, eq, gte, loop, map, model, not, pipeline, pluck, task, text, waitFor, when, workflowStep, z, type Pipeline, type Ref } from 'heddle'; " +
  "import { Day, Week, DayWiki, WeekSpanish, Delay, Features, Flights, Letter, Pages, Scores, build, buildPages, countDay, data, evaluate, flag, pickBest, pickOne, promoteIt, say, shardIt, sub, totals, train } from './prelude.ts';\n";

export const CATCHERS = ['compiler', 'check'] as const;
export type Catcher = (typeof CATCHERS)[number];
export interface Mistake {
  readonly name: string;
  readonly catcher: Catcher;
  readonly code: string;
}
export interface Caught {
  readonly mistake: Mistake;
  /** Lines count from the mistake's first. */
  readonly problems: readonly Problem[];
}

export function readMistakes(catcher: Catcher): Mistake[] {
  const parts = readFileSync(join(here, `${catcher}.txt`), 'utf8')
    .split(/^\/\/\/\/ (\S+)\n/m)
    .slice(1);
  return parts.flatMap((name, i) => (i % 2 === 0 ? [{ name, catcher, code: parts[i + 1] ?? '' }] : []));
}

export async function plantMistakes(): Promise<Caught[]> {
  const mistakes = CATCHERS.flatMap(readMistakes);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-mistakes-')));
  try {
    mkdirSync(join(folder, 'pipelines'));
    mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
    symlinkSync(repository, join(folder, 'node_modules', 'heddle'));
    symlinkSync(join(repository, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'pipelines', 'prelude.ts'), readFileSync(join(here, 'prelude.txt'), 'utf8'));
    for (const { catcher, name, code } of mistakes) writeFileSync(join(folder, 'pipelines', fileOf(catcher, name)), IMPORTS + code);
    const files = [...mistakes.map(({ catcher, name }) => fileOf(catcher, name)), 'prelude.ts'].map((name) => join(folder, 'pipelines', name));
    const pools = { default: { classes: { small: {} } }, hadoop: { classes: { small: {}, large: {} } } };
    process.env['HEDDLE_MISTAKES_STAGE'] = 'night'; // for the mistake that reads it
    const types = await typecheck({ folder, file: null, stateFolder: join(folder, '.heddle') }, files);
    const compiled = await compileProject({ folder, pipelines: ['pipelines/check.*.ts', 'pipelines/prelude.ts'], pools });
    // as if the code had been another one when the lock was written
    writeFileSync(join(folder, 'heddle.lock'), JSON.stringify({ tasks: { 'changed@1': 'sha256:0' } }));
    const lock = await checkLock(compiled.tasks, folder);
    return mistakes.map((mistake) => {
      const file = `pipelines/${fileOf(mistake.catcher, mistake.name)}`;
      const problems = sortProblems([...mergeProblems(types, compiled.problems), ...lock.problems]).filter((problem) => problem.file === file);
      return { mistake, problems: problems.map((problem) => withoutImports(problem, file)) };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
/** Lines as the mistake's reader counts them, in messages too. */
const withoutImports = (problem: Problem, file: string): Problem => ({
  ...problem,
  line: problem.line === null ? null : problem.line - 1,
  message: problem.message
    .replace(/one has \d{4}, the other \d{4}/, 'one has YEAR, the other YEAR')
    .replaceAll(new RegExp(`${file.replaceAll('.', '\\.')}:(\\d+)`, 'g'), (_, line: string) => `line ${Number(line) - 1}`),
});
const fileOf = (catcher: Catcher, name: string): string => `${catcher}.${name}.ts`;

/** The golden text of one catcher's mistakes. */
export function showCaught(caught: readonly Caught[], catcher: Catcher): string {
  return caught
    .filter(({ mistake }) => mistake.catcher === catcher)
    .map(({ mistake, problems }) => {
      const lines = problems.map(({ line, column, code, message, fix, catcher: by }) => `(${line},${column}) ${by}: ${code} ${message}\n    do: ${fix}`);
      return `//// ${mistake.name}\n${mistake.code.trimEnd()}\n${lines.join('\n') || '*** NOTHING CAUGHT IT ***'}\n`;
    })
    .join('\n');
}
export const goldenOf = (catcher: Catcher): string => join(here, `${catcher}.golden.txt`);
