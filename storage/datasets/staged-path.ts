/** The path of a staged partition. Its key is in the order of the dataset's dimensions: stage-partition.ts has put it so. */
import type { StagedPartition } from '../../dsl/contract/step.ts';
import { partitionPath } from './partition-path.ts';

export const pathOfStaged = ({ dataset, key }: Pick<StagedPartition, 'dataset' | 'key'>): string =>
  partitionPath({ name: dataset, partitions: Object.fromEntries(Object.keys(key).map((name) => [name, { kind: 'dynamic' }])) }, key);
