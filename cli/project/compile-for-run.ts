/** Compiles one pipeline and all that it calls, and refuses on any mistake: what run, plan and compile begin with. */
import { compileProject, type CompiledProject } from '../../compiler/compile.ts';
import { showProblem, type Problem } from '../../compiler/problem.ts';
import { closestName } from '../../config/closest-name.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Plan } from '../../dsl/plan/types.ts';

export interface CompiledForRun {
  readonly plan: Plan;
  readonly hash: string;
  /** This one and its callees. */
  readonly all: CompiledProject['plans'];
}

/** Throws HDL-NO-PIPELINE, or HDL-PROBLEMS with every mistake in it. */
export async function compileForRun(config: ResolvedConfig, pipeline: string): Promise<CompiledForRun> {
  const compiled = await compileProject(config, { only: [pipeline] });
  const names = compiled.pipelines.map(({ name }) => name);
  const problems = compiled.problems.filter(({ code }) => code !== 'HDL-NO-PIPELINE');
  if (problems.length > 0) throw problemsError(problems, config.folder);
  const found = compiled.plans.get(pipeline);
  if (found) return { ...found, all: compiled.plans };
  const near = closestName(pipeline, names);
  throw new HeddleError('HDL-NO-PIPELINE', {
    what: `The project has no pipeline "${pipeline}".${near === undefined ? '' : ` Did you mean "${near}"?`}`,
    where: config.file ?? config.folder,
    fix:
      names.length > 0
        ? `It has: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', ...' : ''}.`
        : `Export one from a file that ${config.pipelines.join(', ')} matches.`,
  });
}

export function problemsError(problems: readonly Problem[], folder: string): HeddleError {
  const count = problems.length === 1 ? 'one mistake' : `${problems.length} mistakes`;
  return new HeddleError('HDL-PROBLEMS', {
    what: `The project has ${count}:\n${problems.map((problem) => showProblem(problem).replaceAll(/^/gm, '    ')).join('\n')}`,
    where: folder,
  });
}
