/** Reads what tsc prints with `--pretty false` into problems, with a mend for the messages that authors meet most. */
import { resolve } from 'node:path';
import { relativeFile, type Problem } from './problem.ts';
import { isOwnFile } from './stack.ts';

const HEAD = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/;
const GLOBAL = /^error (TS\d+): (.*)$/;

/** Only files of the project; tsc prints names relative to `cwd`. Further lines of a message are kept, indented. */
export function parseDiagnostics(output: string, cwd: string, folder: string): Problem[] {
  const problems: Problem[] = [];
  let lines: string[] | null = null;
  const flush: (() => void)[] = [];
  for (const text of output.split(/\r?\n/)) {
    const head = HEAD.exec(text);
    const global = head ? null : GLOBAL.exec(text);
    if (head) {
      const [, name = '', line, column, ts = '', first = ''] = head;
      const file = resolve(cwd, name);
      lines = [`${ts}: ${first}`];
      if (!isOwnFile(file, folder)) continue;
      const own = lines;
      const place = { file: relativeFile(file, folder), line: Number(line), column: Number(column) };
      flush.push(() => problems.push({ code: 'HDL-TYPE', message: own.join('\n'), ...place, fix: mendOf(ts, own.join('\n')), catcher: 'compiler' }));
    } else if (global) {
      lines = [`${global[1]}: ${global[2]}`];
      const own = lines;
      flush.push(() =>
        problems.push({
          code: 'HDL-TYPE',
          message: own.join('\n'),
          file: null,
          line: null,
          column: null,
          fix: mendOf(own[0] ?? '', own.join('\n')),
          catcher: 'compiler',
        }),
      );
    } else if (lines && text.startsWith(' ')) lines.push(text);
  }
  for (const done of flush) done();
  return problems;
}

/** By what the message says; the first that fits. */
const MENDS: readonly (readonly [RegExp, string])[] = [
  [/^TS1\d{3}:/, 'Mend the syntax at that place.'],
  [/install type definitions for node/, 'npm install --save-dev @types/node'],
  [/Did you mean(?: to write)? '"?([^'"]+)"?'/, 'Write $1.'],
  [/MaybeSkipped<|"this step may be skipped/, 'The step may be skipped: give .orElse(value), or .otherwise(() => ...).'],
  [/"(output[^"]*): ((?:use|give|only|this name) [^"]+)"/, 'In the output schema: $2.'],
  [/"a body is not async|PromiseLike|Promise<.*a body is not async/, 'Leave out async and await: the body runs once, while the plan is built.'],
  [/PipelineWithoutPartitions/, 'Give the pipeline partitions: daily(...), or do without partition.'],
  [/Property 'into' is missing/, 'Say which partition the step writes: { ..., into: partition }.'],
  [/Property 'partition' is missing/, 'Say which partition to run it for: { ..., partition }.'],
  [/Property '(\w+)' is missing in type .* but required in type 'PartitionKey/, 'Name the dimension: { ..., $1: ... }.'],
  [/Property '(\w+)' is missing/, 'Give $1.'],
  [/parameter of type 'Mappable'/, 'Map over a list: a ref to an array, an item list, or an array written here.'],
  [
    /ItemList<.*not assignable|missing the following properties from type '.*\[\]'/s,
    'An item list is a file of any size: map over it, or let the task take itemList(...) as its input.',
  ],
  [/Type 'null' is not assignable|\| null' is not assignable|\| null>'/, 'The value may be null: give .orElse(value), or let the input be .nullable().'],
  [/Operator '[<>]=?' cannot be applied/, 'Compare with gt(), gte(), lt(), lte(): they make a condition for when().'],
  [/have no overlap/, 'Compare with eq(): it makes a condition for when().'],
  [/'\[Symbol\.iterator\]\(\)'/, 'A ref cannot be looped over: map(list, (item) => ...).'],
  [/parameter of type 'Condition'/, 'Make a condition: gte(ref, 0.8), eq(ref, true), all(...), not(...).'],
  [/`\$\{number\}[smhdw]`/, "Write a number and a unit that may stand here: '90s', '30m', '6h', '2d', '4w'."],
  [/`\$\{string\}@\$\{string\}`/, "Name an alias or a version: 'flights.delay@champion'."],
  [/may only specify known properties, and '(\w+)' does not exist in type '(?:\w+<)?(\{.*?\})>?'/, 'Leave out $1; there are $2.'],
  [/cannot be used as an index type/, 'A ref is no index: let a task choose the element, or give list.nth() a plain number.'],
  [/`store:\/\/\$\{string\}`/, 'Write store://path, file:///path or hdfs://host/path.'],
  [/Property '\w+' does not exist on type '(\{[^}]*\})'/, 'Use a field that is there: $1.'],
  [/implicitly has an 'any' type/, 'Give its type.'],
  [/Cannot find name|Cannot find module|has no exported member/, 'Import it, or correct the name.'],
];

function mendOf(ts: string, message: string): string {
  for (const [pattern, mend] of MENDS) {
    const found = pattern.exec(message);
    if (found) return mend.replace(/\$(\d)/g, (_, index: string) => found[Number(index)] ?? '');
  }
  // the innermost pair of types is the one that matters
  const pairs = [...message.matchAll(/(?:Type|Argument of type) '(.+)' is not assignable to (?:type|parameter of type) '(.+)'\./g)];
  const [, given, wanted] = pairs.at(-1) ?? [];
  if (given !== undefined && wanted !== undefined) return `Give ${plain(wanted)} here, not ${plain(given)}.`;
  return `Let the types agree at that place (${ts}).`;
}
/** Without the names of slots: Input<number> is a number. */
const plain = (type: string): string => /^(?:Input|RefTo|Ref)<(.+)>$/.exec(type)?.[1] ?? type;
