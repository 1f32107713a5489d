/** Rules about schedules, as far as they need no calendar: the cron itself is checked by calendar/. */
import type { Problem } from './problem.ts';
import type { Plan } from './types.ts';

export function scheduleProblems(plan: Plan, where: string | null): Problem[] {
  const { schedule, partitions, params } = plan.contracts;
  if (!schedule) return [];
  const problem = (what: string, fix: string): Problem => ({ code: 'HDL-SCHEDULE', what: `The schedule of ${plan.name} ${what}`, where, fix });
  const problems: Problem[] = [];
  if (schedule.everyMs !== undefined && schedule.everyMs < 1_000) problems.push(problem('ticks more than once a second.', "Give every: '1m' or more."));
  const day = schedule.except?.find((one) => !isDay(one));
  if (day !== undefined) problems.push(problem(`leaves out "${day}", which is no day.`, "Write it as '2001-12-25'."));
  const kinds = Object.values(partitions ?? {}).map(({ kind }) => kind);
  const timed = kinds.some((kind) => kind !== 'keys' && kind !== 'dynamic');
  if (partitions && !timed)
    problems.push(
      problem('cannot say which partition to run: none of its dimensions is time.', 'Add a dimension of time, or start the pipeline from another.'),
    );
  if (kinds.includes('dynamic'))
    problems.push(problem('cannot know the dynamic keys.', 'Map over the keys in a pipeline partitioned by time alone, and start this one from there.'));
  if (!timed && schedule.overlap === 'queue')
    problems.push(problem("queues runs that nothing tells apart: overlap 'queue' needs partitions of time.", "Give partitions, or overlap: 'skip'."));
  if (!timed && schedule.catchupMs > 0)
    problems.push(problem('makes up for missed times that nothing tells apart: catchup needs partitions of time.', 'Give partitions, or leave catchup out.'));
  const required = params?.['required'];
  if (Array.isArray(required) && required.length > 0) {
    problems.push(
      problem(
        `starts it without parameters, but ${required.join(', ')} ${required.length > 1 ? 'have' : 'has'} no default.`,
        'Give defaults: z.number().default(0.6).',
      ),
    );
  }
  return problems;
}

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().slice(0, 10) === text;
}
