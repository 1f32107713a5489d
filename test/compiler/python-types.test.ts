import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { pythonTypes } from '../../compiler/python-types.ts';
import type { JsonSchema } from '../../dsl/plan/types.ts';

const schema = (type: z.ZodType, io: 'input' | 'output' = 'input'): JsonSchema => z.toJSONSchema(type, { io }) as unknown as JsonSchema; // what a contract holds
const Tree: z.ZodType = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});
const text = pythonTypes([
  {
    name: 'flights.score_day',
    version: '2',
    input: schema(
      z.object({
        rate: z.number().default(0.1),
        mode: z.enum(['fast', 'exact']),
        rows: z.array(z.object({ id: z.int(), note: z.string().nullable() })),
        model: z.object({ uri: z.string() }),
        by: z.record(z.string(), z.number()),
      }),
    ),
    output: schema(
      z.object({
        'p-value': z.number(),
        class: z.string(),
        pair: z.tuple([z.int(), z.string()]),
        kind: z.literal('done'),
        either: z.union([z.string(), z.int(), z.null()]),
      }),
      'output',
    ),
  },
  { name: 'list', version: '1', input: schema(z.object({})), output: schema(z.array(z.object({ n: z.int() })), 'output') },
  { name: 'nothing', version: '1', input: schema(Tree), output: schema(z.null(), 'output') },
  { name: 'odd', version: '1', input: schema(z.object({ 'a-b': z.int(), 'c-d': z.int().optional() })), output: schema(z.unknown()) },
]);

test('objects become classes, what may be left out is in one that allows it', () => {
  expect(text).toContain(
    'class FlightsScoreDayInput(FlightsScoreDayInputRequired, total=False):\n    """Input of flights.score_day, version 2."""\n    rate: float\n',
  );
  expect(text).toContain('    mode: Literal["fast", "exact"]\n    rows: List[FlightsScoreDayInputRowsItem]\n');
  expect(text).toContain('class FlightsScoreDayInputRowsItem(TypedDict):\n    """Part of an input or output."""\n    id: int\n    note: Optional[str]\n');
  expect(text).toContain('"either": "Optional[Union[str, int]]"');
  expect(text).toContain('ListOutput = List[ListOutputItem]');
});

const python = spawnSync('python3', ['--version']).status === 0;
test.skipIf(!python)(`the text is Python that knows the types${python ? '' : ' (skipped: python3 is not on PATH; install Python 3.9 or newer)'}`, () => {
  const probe = `
import typing, json, sys
hints = typing.get_type_hints(FlightsScoreDayInput)
print(json.dumps({
  'hints': {name: str(hint).replace('__main__.', '') for name, hint in hints.items()},
  'required': sorted(FlightsScoreDayInput.__required_keys__), 'optional': sorted(FlightsScoreDayInput.__optional_keys__),
  'odd': [sorted(OddInput.__required_keys__), sorted(OddInput.__optional_keys__)],
  'output': sorted(typing.get_type_hints(FlightsScoreDayOutput)),
  'tree': str(typing.get_type_hints(NothingInput)['children']).replace('__main__.', ''), 'nothing': NothingOutput is None,
}))`;
  const found = JSON.parse(execFileSync('python3', ['-c', text + probe], { encoding: 'utf8' })) as Record<string, unknown>;
  expect(found).toMatchObject({
    hints: {
      rate: "<class 'float'>",
      mode: "typing.Literal['fast', 'exact']",
      rows: 'typing.List[FlightsScoreDayInputRowsItem]',
      by: 'typing.Dict[str, float]',
    },
    required: ['by', 'mode', 'model', 'rows'],
    optional: ['rate'],
    odd: [['a-b'], ['c-d']],
    output: ['class', 'either', 'kind', 'p-value', 'pair'],
    tree: 'typing.List[NothingInput]',
    nothing: true,
  });
});
