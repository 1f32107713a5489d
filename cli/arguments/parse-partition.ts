/** --partition: '2001-03-01' for one dimension, 'day=2001-03-01,wiki=en' for several. The server checks the keys. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { JsonObject, Plan } from '../../dsl/plan/types.ts';

/** Null when none was given. Throws HDL-BAD-PARTITION. */
export function parsePartition(plan: Pick<Plan, 'name' | 'contracts'>, text: string | undefined): JsonObject | null {
  const names = Object.keys(plan.contracts.partitions ?? {});
  const where = `pipeline ${plan.name}`;
  if (text === undefined) {
    if (names.length === 0) return null;
    throw new HeddleError('HDL-BAD-PARTITION', {
      what: `${plan.name} runs for one partition (${names.join(', ')}), and none was given.`,
      where,
      fix: `Give --partition ${exampleOf(plan, names)}.`,
    });
  }
  const [only = ''] = names;
  if (names.length === 1 && !text.startsWith(`${only}=`)) return { [only]: text };
  const pairs = text.split(',').map((part): [string, string] => {
    const equals = part.indexOf('=');
    if (equals < 1)
      throw new HeddleError('HDL-BAD-PARTITION', {
        what: `--partition ${text} does not say which dimension is which.`,
        where,
        fix: names.length > 0 ? `Write --partition ${exampleOf(plan, names)}.` : `${plan.name} has no partitions: leave it out.`,
      });
    return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
  });
  return Object.fromEntries(pairs);
}

const samples: Readonly<Record<string, string>> = { hour: '2001-03-01T05', day: '2001-03-01', week: '2001-W09', month: '2001-03' };
function exampleOf(plan: Pick<Plan, 'contracts'>, names: readonly string[]): string {
  const sample = (name: string): string => {
    const dimension = plan.contracts.partitions?.[name];
    return samples[dimension?.kind ?? ''] ?? dimension?.keys?.[0] ?? 'KEY';
  };
  return names.length === 1 ? sample(names[0] ?? '') : names.map((name) => `${name}=${sample(name)}`).join(',');
}
