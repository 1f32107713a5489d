/**
 * What a ref's value looks like, as far as recording needs it: is it an array or an item list, and of what. From JSON
 * Schemas, lazily: most refs are never asked.
 */
import type { Json, JsonSchema } from './types.ts';

export interface Shape {
  /** What a map over it yields; null: no list, or not known. */
  readonly list: 'array' | 'items' | null;
  element(): Shape;
  field(name: string): Shape;
}
export const unknownShape: Shape = { list: null, element: () => unknownShape, field: () => unknownShape };
export const listShape = (list: 'array' | 'items', element: () => Shape): Shape => ({
  list,
  element,
  field: (name) => (list === 'array' && /^\d+$/.test(name) ? element() : unknownShape),
});
export const fieldsShape = (field: (name: string) => Shape | undefined): Shape => ({
  list: null,
  element: () => unknownShape,
  field: (name) => field(name) ?? unknownShape,
});
/** A shape that is worked out when it is first asked. */
export function lazyShape(make: () => Shape): Shape {
  let made: Shape | null = null;
  const get = (): Shape => (made ??= make());
  return {
    get list() {
      return get().list;
    },
    element: () => get().element(),
    field: (name) => get().field(name),
  };
}

type Node = { readonly [key: string]: Json };
const isNode = (value: Json | undefined): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

export function shapeOfSchema(schema: JsonSchema, root: JsonSchema = schema): Shape {
  const at = follow(schema, root);
  const below = (part: Json | undefined): Shape => (isNode(part) ? shapeOfSchema(part, root) : unknownShape);
  if (isItemList(at)) {
    const uri = (at['properties'] as Node)['uri'] as Node;
    return listShape('items', () => (isNode(uri['contentSchema']) ? shapeOfSchema(uri['contentSchema']) : unknownShape));
  }
  if (at['type'] === 'array') {
    const tuple = at['prefixItems'];
    if (!Array.isArray(tuple)) return listShape('array', () => below(at['items']));
    return { list: 'array', element: () => below(tuple[0]), field: (name) => below(tuple[Number(name)] ?? at['items']) };
  }
  const fields = at['properties'];
  return fieldsShape((name) => (isNode(fields) && isNode(fields[name]) ? below(fields[name]) : below(at['additionalProperties'])));
}

/** Through $ref, and through unions to their first branch that is not null. */
function follow(schema: Node, root: Node): Node {
  let at = schema;
  for (let i = 0; i < 20; i++) {
    const union = at['anyOf'] ?? at['oneOf'];
    if (typeof at['$ref'] === 'string') {
      let target: Json | undefined = root;
      for (const part of at['$ref'].split('/').slice(1)) target = isNode(target) ? target[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
      at = isNode(target) ? target : {};
    } else if (Array.isArray(union)) {
      at = (union as Json[]).filter(isNode).find((branch) => branch['type'] !== 'null') ?? {};
    } else return at;
  }
  return at;
}

const constOf = (schema: Node, field: string): Json | undefined => {
  const fields = schema['properties'];
  const found = isNode(fields) ? fields[field] : undefined;
  return isNode(found) ? found['const'] : undefined;
};
const isItemList = (schema: Node): boolean => constOf(schema, 'kind') === 'items';
