/** What a dataset expects names columns of its rows: the author's compiler says so at the property. Checked by tsc -b test. */
import { expect, it } from 'vitest';
import { daily, dataset, z } from '../../dsl/index.ts';
import { expectProblems } from '../../dsl/authoring/expectations.ts';
import { jsonSchemaOf } from '../../dsl/plan/json-schema.ts';

const Day = daily({ start: '2001-01-01' });
const schema = z.object({ id: z.int(), at: z.iso.datetime(), delay: z.number().nullable(), origin: z.string() });
const uri = 'store://d';
const problems = (d: Parameters<typeof expectProblems>[0] & { readonly schema: z.ZodType }): string[] =>
  expectProblems(d, jsonSchemaOf(d.schema, 'output').schema).map(({ code, what }) => `${code} ${what}`);

it('columns that fit are taken', () => {
  const good = dataset('good', {
    uri,
    partitions: Day,
    schema,
    expect: { nulls: { delay: 0.1 }, unique: ['id', 'origin'], range: { id: [0, null], delay: [null, 5] }, freshness: { at: '2h' } },
  });
  expect(problems(good)).toEqual([]);
});

it('an unknown column is an error of types, and of heddle check', () => {
  const wrong = [
    // @ts-expect-error the rows have no column fligth
    dataset('a', { uri, partitions: Day, schema, expect: { unique: ['fligth'] } }),
    // @ts-expect-error the rows have no column dely
    dataset('b', { uri, partitions: Day, schema, expect: { nulls: { dely: 0.1 } } }),
    // @ts-expect-error the rows have no column dely
    dataset('c', { uri, partitions: Day, schema, expect: { range: { dely: [0, 1] } } }),
  ];
  for (const one of wrong)
    expect(problems(one as never)[0]).toMatch(
      /^HDL-BAD-EXPECTATION expect\.\w+ of dataset \w names a column \w+, which it does not have: id, at, delay, origin\.$/,
    );
});

it('a range of texts is an error of types', () => {
  // @ts-expect-error origin holds texts
  dataset('d', { uri, partitions: Day, schema, expect: { range: { origin: [0, 1] } } });
});

it.each([
  [{ rows: { band: 0 } }, 'rows.band'],
  [{ rows: { against: 99 } }, 'rows.against'],
  [{ rows: { min: 5, max: 4 } }, 'rows of dataset e: min 5 and max 4'],
  [{ nulls: { delay: 2 } }, 'nulls.delay'],
  [{ range: { delay: [2, 1] as const } }, 'range.delay'],
  [{ unique: [] }, 'names no column'],
  [{ freshness: { at: 'soon' as never } }, 'freshness.at'],
])('figures that make no sense are told: %j', (expected, what) => {
  const [problem] = problems(dataset('e', { uri, partitions: Day, schema, expect: expected }) as never);
  expect(problem).toContain(what);
});
