/** The partition of a run: its key against the plan's dimensions, and the scope that the workflow sees as $partition. Server only. */
import { partitionScope } from '../../calendar/partition-scope.ts';
import type { PartitionScope } from '../../dsl/contract/run.ts';
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { offsetsIn } from '../../dsl/plan/partition-path.ts';
import type { Json, JsonObject, Plan } from '../../dsl/plan/types.ts';
import { closestName } from '../../config/closest-name.ts';

/** Null for a pipeline without partitions. Throws HDL-BAD-PARTITION. */
export function checkPartition(plan: Pick<Plan, 'name' | 'skeleton' | 'contracts'>, partition: JsonObject | null): PartitionScope | null {
  const dimensions = plan.contracts.partitions;
  const where = `pipeline ${plan.name}`;
  const names = dimensions ? Object.keys(dimensions) : [];
  if (!dimensions || names.length === 0) {
    if (partition === null) return null;
    throw new HeddleError('HDL-BAD-PARTITION', {
      what: `${plan.name} has no partitions, but was asked for ${JSON.stringify(partition)}.`,
      where,
      fix: 'Leave the partition out.',
    });
  }
  if (partition === null) {
    throw new HeddleError('HDL-BAD-PARTITION', { what: `${plan.name} runs for one partition (${names.join(', ')}), and none was given.`, where });
  }
  for (const name of Object.keys(partition)) {
    if (names.includes(name)) continue;
    const near = closestName(name, names);
    throw new HeddleError('HDL-BAD-PARTITION', {
      what: `${plan.name} has no dimension "${name}".${near === undefined ? '' : ` Did you mean "${near}"?`}`,
      where,
      fix: `Its dimensions: ${names.join(', ')}.`,
    });
  }
  const key: Record<string, string> = {};
  for (const name of names) {
    const value = partition[name];
    if (typeof value !== 'string')
      throw new HeddleError('HDL-BAD-PARTITION', { what: `The partition's ${name} is ${value === undefined ? 'missing' : JSON.stringify(value)}.`, where });
    key[name] = value;
  }
  try {
    const skeleton = plan.skeleton as unknown as Json; // a plan is plain JSON
    return partitionScope(dimensions, key, neighbourDepth(skeleton), offsetsIn(skeleton));
  } catch (error) {
    const what = isHeddleError(error)
      ? error.what
      : `The partition ${JSON.stringify(partition)} does not fit: ${error instanceof Error ? error.message : String(error)}.`;
    throw new HeddleError('HDL-BAD-PARTITION', { what, where, fix: isHeddleError(error) ? error.fix : undefined, cause: error });
  }
}

/**
 * The partition of a called pipeline as its parent's plan evaluated it: a key, or a whole scope (partition.next), of which
 * only the dimensions count.
 */
export function partitionKeys(plan: Pick<Plan, 'contracts'>, partition: JsonObject | null): JsonObject | null {
  if (partition === null) return null;
  const names = Object.keys(plan.contracts.partitions ?? {});
  const picked = Object.fromEntries(names.flatMap((name) => (partition[name] === undefined ? [] : [[name, partition[name]]])));
  return Object.keys(picked).length > 0 ? (picked as JsonObject) : partition;
}

/** How many times `next` or `previous` is followed from $partition anywhere in the plan. */
export function neighbourDepth(json: Json): number {
  if (json === null || typeof json !== 'object') return 0;
  if (Array.isArray(json)) return Math.max(0, ...json.map(neighbourDepth));
  const object = json as JsonObject;
  const path = object['$ref'];
  if (Array.isArray(path) && path[0] === '$partition') {
    const end = path.slice(1).findIndex((part) => part !== 'next' && part !== 'previous');
    return Math.min(8, end < 0 ? path.length - 1 : end);
  }
  return Math.max(0, ...Object.values(object).map(neighbourDepth));
}
