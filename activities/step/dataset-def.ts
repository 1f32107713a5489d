/** An author's Dataset as storage wants it: row schema as JSON Schema, computed once. */
import { durationMs } from '../../dsl/authoring/duration.ts';
import type { Dataset } from '../../dsl/authoring/dataset.ts';
import { expectDef } from '../../dsl/authoring/expectations.ts';
import { dimensionDefs } from '../../dsl/authoring/partition.ts';
import { rowSchemaOf } from '../../dsl/plan/row-schema.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';

const made = new WeakMap<Dataset, DatasetDef>();

export function datasetDef(dataset: Dataset): DatasetDef {
  let def = made.get(dataset);
  if (!def) {
    const expect = expectDef(dataset.expect);
    const retainMs = dataset.retain === null ? null : durationMs(dataset.retain);
    def = {
      name: dataset.name,
      uri: dataset.uri,
      partitions: dimensionDefs(dataset.partitions),
      schema: rowSchemaOf(dataset.schema).schema,
      ...(retainMs !== null && { retainMs }),
      ...(expect && { expect }),
      ...(dataset.files && { files: dataset.files }),
    };
    made.set(dataset, def);
  }
  return def;
}
