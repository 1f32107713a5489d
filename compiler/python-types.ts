/**
 * Typed Python classes for the input and output of command tasks, from their JSON Schemas: `heddle types --python`. The text
 * needs the standard library only and runs on Python 3.9 and newer.
 */
import type { Json, JsonSchema, TaskContract } from '../dsl/plan/types.ts';

type Schema = { readonly [key: string]: Json };

const HEADER = [
  '# Made by `heddle types --python`: do not edit. JSON of command tasks, as their programs read and write it.',
  'from __future__ import annotations',
  '',
  'from typing import Any, Dict, List, Literal, Optional, Tuple, TypedDict, Union',
];

/** A module with two classes a task: `ScoreInput` and `ScoreOutput` for the task 'flights.score'. */
export function pythonTypes(tasks: readonly Pick<TaskContract, 'name' | 'version' | 'input' | 'output'>[]): string {
  const module = new PythonModule();
  for (const { name, version, input, output } of [...tasks].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const base = className(name);
    module.add(`${base}Input`, input, `Input of ${name}, version ${version}.`);
    module.add(`${base}Output`, output, `Output of ${name}, version ${version}.`);
  }
  return `${[...HEADER, ...module.lines].join('\n')}\n`;
}

class PythonModule {
  readonly lines: string[] = [];
  private readonly names = new Set<string>();
  private defs: Schema = {};
  /** '#/$defs/x' -> name of its class. */
  private known = new Map<string, string>();

  add(name: string, schema: JsonSchema, doc: string): void {
    this.defs = (schema['$defs'] ?? {}) as Schema;
    this.known = new Map();
    const own = this.fresh(name);
    this.known.set('#', own);
    if (isObject(schema)) this.defineClass(own, schema, doc);
    else {
      const type = this.type(schema, own); // evaluated by Python: what it names stands above
      this.lines.push('', '', `# ${doc}`, `${own} = ${type}`);
    }
  }

  private fresh(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.names.has(name); n += 1) name = `${wanted}${n}`;
    this.names.add(name);
    return name;
  }

  private defineClass(name: string, schema: Schema, doc: string): void {
    const required = new Set((schema['required'] ?? []) as readonly string[]);
    const fields = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Schema>>).map(([field, of]) => ({
      field,
      needed: required.has(field),
      type: this.type(of, `${name}${className(field)}`),
    }));
    const needed = fields.filter((field) => field.needed);
    const free = fields.filter((field) => !field.needed);
    if (fields.some(({ field }) => !IDENTIFIER.test(field) || KEYWORDS.has(field))) {
      // names that Python has no syntax for: the call form, which knows neither docstring nor fields that may be left out
      const parts = [needed, free]
        .filter((list) => list.length > 0)
        .map((list) => {
          const part = this.fresh(`${name}${list === free ? 'Free' : 'Required'}`);
          const text = list.map(({ field, type }) => `${JSON.stringify(field)}: ${JSON.stringify(type)}`).join(', ');
          this.lines.push('', '', `${part} = TypedDict(${JSON.stringify(part)}, {${text}}${list === free ? ', total=False' : ''})`);
          return part;
        });
      this.lines.push('', '', `class ${name}(${parts.join(', ')}):`, `    """${doc.replaceAll('"""', "'''")}"""`);
      return;
    }
    const body = (list: typeof fields): string[] => list.map(({ field, type }) => `    ${field}: ${type}`);
    // before NotRequired (3.11) a base class holds what must be there
    const base = free.length > 0 && needed.length > 0 ? this.fresh(`${name}Required`) : 'TypedDict';
    if (base !== 'TypedDict') this.lines.push('', '', `class ${base}(TypedDict):`, ...body(needed));
    const own = base === 'TypedDict' ? fields : free;
    this.lines.push('', '', `class ${name}(${base}${free.length > 0 ? ', total=False' : ''}):`, `    """${doc.replaceAll('"""', "'''")}"""`, ...body(own));
  }

  /** The annotation of a schema; classes that it needs are defined before. */
  private type(schema: Schema, name: string): string {
    if ('$ref' in schema) return this.reference(String(schema['$ref']), name);
    if ('const' in schema) return `Literal[${literal(schema['const'] ?? null)}]`;
    if (Array.isArray(schema['enum'])) return `Literal[${schema['enum'].map((value) => literal(value as Json)).join(', ')}]`;
    for (const key of ['anyOf', 'oneOf']) {
      if (Array.isArray(schema[key])) return union(schema[key].map((part, i) => this.type(part as Schema, `${name}${i === 0 ? '' : i + 1}`)));
    }
    if (Array.isArray(schema['type'])) return union(schema['type'].map((type) => this.type({ ...schema, type: type as string }, name)));
    switch (schema['type']) {
      case 'string':
        return 'str';
      case 'integer':
        return 'int';
      case 'number':
        return 'float';
      case 'boolean':
        return 'bool';
      case 'null':
        return 'None';
      case 'array':
        if (Array.isArray(schema['prefixItems']))
          return `Tuple[${schema['prefixItems'].map((part, i) => this.type(part as Schema, `${name}${i + 1}`)).join(', ')}]`;
        return `List[${this.type((schema['items'] ?? {}) as Schema, `${name}Item`)}]`;
      case 'object': {
        if (isObject(schema)) {
          const own = this.fresh(name);
          this.defineClass(own, schema, String(schema['description'] ?? `Part of an input or output.`));
          return own;
        }
        const values = schema['additionalProperties'];
        return `Dict[str, ${typeof values === 'object' && values !== null ? this.type(values as Schema, `${name}Value`) : 'Any'}]`;
      }
      default:
        return 'Any';
    }
  }

  private reference(ref: string, name: string): string {
    const known = this.known.get(ref);
    if (known !== undefined) return known;
    const schema = this.defs[ref.replace(/^#\/\$defs\//, '')] as Schema | undefined;
    if (!schema) return 'Any';
    if (!isObject(schema)) return this.type(schema, name);
    const own = this.fresh(name);
    this.known.set(ref, own); // before its fields: it may hold itself
    this.defineClass(own, schema, String(schema['description'] ?? 'Part of an input or output.'));
    return own;
  }
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const KEYWORDS = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

/** An object with fields of its own; others are dictionaries. */
const isObject = (schema: Schema): boolean =>
  schema['type'] === 'object' && typeof schema['properties'] === 'object' && Object.keys(schema['properties'] ?? {}).length > 0;
const literal = (value: Json): string => (value === null ? 'None' : value === true ? 'True' : value === false ? 'False' : JSON.stringify(value));
function union(types: readonly string[]): string {
  const once = [...new Set(types)];
  const some = once.filter((type) => type !== 'None');
  const inner = some.length === 0 ? 'None' : some.length === 1 ? String(some[0]) : `Union[${some.join(', ')}]`;
  return once.length > some.length && some.length > 0 ? `Optional[${inner}]` : inner;
}
/** 'flights.score_day' -> 'FlightsScoreDay'. */
export const className = (name: string): string => {
  const joined = name
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
  return /^\d/.test(joined) ? `N${joined}` : joined;
};
