/** What `heddle dev` knows of the project: compiles it on every change, tells what changed, and says whether workers need the new code. */
import { compileProject, type CompiledProject } from '../../compiler/compile.ts';
import { showProblem } from '../../compiler/problem.ts';
import { taskDigests } from '../../compiler/task-digest.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import type { DevLines } from './dev-lines.ts';
import { planChanges } from './plan-changes.ts';

export interface ProjectWatch {
  /** Compiles; gives the names of the tasks whose code changed since workers last had it, null where the project is broken. */
  compile(): Promise<readonly string[] | null>;
  readonly pipelines: readonly string[];
}

export function createProjectWatch(config: ResolvedConfig, lines: DevLines): ProjectWatch {
  let plans: CompiledProject['plans'] | undefined;
  let digests: ReadonlyMap<string, string> | undefined;
  let pipelines: readonly string[] = [];
  return {
    get pipelines() {
      return pipelines;
    },
    async compile() {
      const compiled = await compileProject(config);
      pipelines = compiled.pipelines.map(({ name }) => name);
      const before = plans;
      if (compiled.problems.length > 0) {
        for (const problem of compiled.problems) lines.say(showProblem(problem));
        lines.say(`${compiled.problems.length} ${compiled.problems.length === 1 ? 'mistake' : 'mistakes'}; workers keep the last code that was good`);
        return null;
      }
      if (before) tellChanges(before, compiled.plans, lines);
      else lines.say(`${compiled.plans.size} ${compiled.plans.size === 1 ? 'pipeline' : 'pipelines'}: ${[...compiled.plans.keys()].join(', ') || 'none'}`);
      plans = compiled.plans;
      const now = await taskDigests(compiled.tasks, config.folder).catch(() => new Map<string, string>());
      const known = digests;
      digests = now;
      if (!known) return [];
      return [...now].filter(([task, digest]) => known.get(task) !== digest).map(([task]) => task);
    },
  };
}

function tellChanges(before: CompiledProject['plans'], after: CompiledProject['plans'], lines: DevLines): void {
  let changed = false;
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(name)?.hash === after.get(name)?.hash) continue;
    const changes = planChanges(before.get(name)?.plan, after.get(name)?.plan);
    if (changes.length === 0) continue; // only a callee's plan is another
    changed = true;
    lines.say(`${name}: ${changes.join('; ')}`);
  }
  if (!changed) lines.say('the plans are the same');
}
