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
  // a comparison of a ref is often both: the compiler's message stands
  const typed = new Set(types.map(placeMark));
  const rest = compiled.problems.filter((problem) => problem.code !== 'HDL-REF-MISUSE' || !typed.has(placeMark(problem)));
  return { problems: sortProblems([...types, ...rest, ...lock.problems]), plans: compiled.plans, added: lock.added, accepted: lock.accepted };
}
const placeMark = ({ file, line, column }: Problem): string => `${file}:${line}:${column}`;
