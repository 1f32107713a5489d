/**
 * `heddle check`: types, bodies under traps, rules of plans, schedules, pools, and task digests against heddle.lock. Every
 * mistake in one go. For command line and tests.
 */
import { realpathSync } from 'node:fs';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { CompiledPlan } from './child-messages.ts';
import { compileProject } from './compile.ts';
import { findFiles } from './find-files.ts';
import { checkLock, type LockOptions } from './lock.ts';
import { sortProblems, type Problem } from './problem.ts';
import { typecheck } from './typecheck.ts';

export interface CheckedProject {
  readonly problems: readonly Problem[];
  readonly plans: ReadonlyMap<string, CompiledPlan>;
  /** 'name@version' of tasks that heddle.lock did not have, and of those accepted. */
  readonly added: readonly string[];
  readonly accepted: readonly string[];
}
type CheckConfig = Pick<ResolvedConfig, 'folder' | 'file' | 'stateFolder' | 'pipelines' | 'pools'>;

export async function checkProject(config: CheckConfig, options: LockOptions = {}): Promise<CheckedProject> {
  const folder = realpathSync(config.folder);
  const [compiled, types] = await Promise.all([compileProject(config), typecheck({ ...config, folder }, findFiles(folder, config.pipelines))]);
  // a file that cannot be read has no digests, and the bundler would only say so again
  const readable = !compiled.problems.some(({ code }) => code === 'HDL-FILE-SYNTAX');
  const lock = readable ? await checkLock(compiled.tasks, folder, options) : { problems: [], added: [], accepted: [] };
  return {
    problems: sortProblems([...mergeProblems(types, compiled.problems), ...lock.problems]),
    plans: compiled.plans,
    added: lock.added,
    accepted: lock.accepted,
  };
}

/** What both catchers found at one place is told once, by the compiler. */
export function mergeProblems(types: readonly Problem[], compiled: readonly Problem[]): Problem[] {
  const places = new Set(types.flatMap(({ file, line, column }) => [`${file}:${line}:${column}`, `${file}:${line}`]));
  const told = ({ code, file, line, column }: Problem): boolean =>
    (code === 'HDL-REF-MISUSE' && places.has(`${file}:${line}:${column}`)) || (code === 'HDL-FILE-SYNTAX' && places.has(`${file}:${line}`));
  return [...types, ...compiled.filter((problem) => !told(problem))];
}
