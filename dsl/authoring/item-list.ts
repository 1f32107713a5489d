/** ItemList: a paged list kept in a file, for what does not fit in a payload (100,000 items). Authors' surface. */
import { z } from 'zod';
import type { Handle } from './ref.ts';
import { jsonSchemaOf } from '../plan/json-schema.ts';
import type { JsonSchema } from '../plan/types.ts';

declare const ITEM: unique symbol;
export interface ItemList<out T> extends Handle<'items'> {
  readonly uri: string;
  readonly count: number;
  readonly pageSize: number;
  readonly digest: string;
  readonly [ITEM]: T;
}

/** Schema of an item list, for a task's input or output. JSON: contract/step.ts ItemListHandle. */
export const itemList = <S extends z.ZodType>(item: S): z.ZodType<ItemList<z.output<S>>, ItemList<z.input<S>>> =>
  z.object({
    kind: z.literal('items'),
    // the schema of an item is an annotation that JSON Schema has: content of what the uri names
    uri: z.string().meta({ contentMediaType: 'application/json', contentSchema: itemSchema(item) }),
    count: z.int(),
    pageSize: z.int(),
    digest: z.string(),
  }) as never; // the handle's phantom exists in types only

/** A schema that cannot be written leaves a note, which the plan's check finds: throwing here would hide all other mistakes. */
function itemSchema(item: z.ZodType): JsonSchema {
  const { schema, problem } = jsonSchemaOf(item, 'output');
  return problem === null ? schema : { $comment: problem };
}
