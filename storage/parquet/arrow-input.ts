/**
 * Arrow record batches that an author hands to ctx.write: a column that has its dataset's Arrow type goes through as it is,
 * checked; any other is made anew from its values. Workers; stage-partition.ts uses it.
 */
import { DataType, makeData, RecordBatch, Struct, type Data, type Schema } from 'apache-arrow';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { checkFileSchema } from './check-file-schema.ts';
import { arrowType } from './column-arrow.ts';
import type { ColumnType } from './column-types.ts';
import { fromRecordBatch } from './from-arrow.ts';
import { toRecordBatch, type Columnar } from './to-arrow.ts';

/** A batch with the columns of `types`, which are made when they are asked for. Throws HDL-FILE-SCHEMA. */
export function columnarOf(types: readonly ColumnType[], batch: RecordBatch, dataset: string): ArrowColumnar {
  const extra = batch.schema.fields.find((field) => !types.some(({ name }) => name === field.name));
  if (extra) {
    throw new HeddleError('HDL-BAD-ROW', {
      what: `The rows have a column ${extra.name}, which ${dataset} does not have.`,
      where: dataset,
      fix: `Its columns: ${types.map((type) => type.name).join(', ')}.`,
    });
  }
  checkFileSchema(types, batch.schema, dataset);
  const { numRows, columns } = fromRecordBatch(types, batch, dataset);
  const made: ArrowColumnar = { numRows, columns, arrow: batch };
  ours.add(made);
  return made;
}
/** A batch of ctx.read has its Arrow batch too, of another dataset: that one goes by its columns. */
const ours = new WeakSet<Columnar>();
export const isArrowColumnar = (batch: Columnar): batch is ArrowColumnar => ours.has(batch);

type ArrowColumnar = Columnar & { readonly arrow: RecordBatch };
export const isArrow = (batch: object): batch is RecordBatch => 'schema' in batch && 'getChild' in batch && 'numRows' in batch;

/** `first`: number of the batch's first row, for messages. Throws HDL-BAD-ROW. */
export function arrowBatchFor(types: readonly ColumnType[], schema: Schema, batch: ArrowColumnar, dataset: string, first: number): RecordBatch {
  const made: Data[] = [];
  for (const type of types) {
    const data = batch.arrow.getChild(type.name)?.data[0];
    // a dictionary keeps its own number, which the schema's other columns do not know: it is made anew
    const same = data && !DataType.isDictionary(data.type) && String(data.type) === String(arrowType(type)) && isClean(type, data);
    made.push(same ? data : onlyColumn(type, schema, batch, dataset, first));
  }
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children: made }));
}

function onlyColumn(type: ColumnType, schema: Schema, batch: Columnar, dataset: string, first: number): Data {
  const made = toRecordBatch([type], schema.select([type.name]), batch, dataset, first);
  return made.data.children[0] as Data; // the one column
}

/** Nothing in it that the column's kind refuses. Where it is not clean, the slow way tells which row. */
function isClean(type: ColumnType, data: Data): boolean {
  const { kind } = type;
  const values = data.values as ArrayLike<number | bigint> | undefined;
  switch (kind) {
    case 'double':
    case 'float':
      return type.nan === true || everyNumber(data, Number.isFinite);
    case 'int':
      return everyNumber(data, (value) => Number.isSafeInteger(Number(value)));
    case 'int32':
    case 'int64':
    case 'boolean':
    case 'timestamp':
      return values !== undefined;
    case 'vector':
      return data.offset === 0 && data.children[0]?.nullCount === 0 && everyNumber(data.children[0], Number.isFinite);
    default:
      return false; // texts are checked to be texts, lists to have no nulls
  }
}

function everyNumber(data: Data, is: (value: unknown) => boolean): boolean {
  const values = data.values as ArrayLike<number | bigint>;
  for (let i = 0; i < data.length; i++) if (!is(values[i]) && (data.nullCount === 0 || data.getValid(i))) return false;
  return true;
}
