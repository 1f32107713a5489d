/** Rows of values that readers have been wrong about, and any others: for the matrix of readers. */
import fc from 'fast-check';
import { z } from 'zod';
import { decimal } from '../../dsl/index.ts';

/** Instants are texts with six digits at most; NaN and the infinities are values of `any`. */
export const Edge = z.object({
  whole: z.int(),
  big: z.bigint().nullable(),
  small: z.int32().nullable(),
  any: z.number().or(z.nan()),
  single: z.float32().nullable(),
  yes: z.boolean().nullable(),
  text: z.string().nullable(),
  kind: z.enum(['a', 'b', 'ü']).nullable(),
  at: z.iso.datetime().nullable(),
  price: decimal(18, 4).nullable(),
  numbers: z.array(z.number()).nullable(),
  words: z.array(z.string()).nullable(),
});
export type EdgeRow = z.output<typeof Edge>;

const double = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53),
);
const finite = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(-0, Number.MAX_VALUE));
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('', '\u0000', 'ü', '漢字', '😀👩‍👩‍👧', 'x'.repeat(70_000), '\n"\\'));
/** A leap second is no instant of ISO 8601 in JavaScript: the seconds around it are. */
const at = fc.oneof(
  fc.date({ min: new Date('1678-01-01'), max: new Date('2261-01-01'), noInvalidDate: true }).map((date) =>
    date
      .toISOString()
      .replace('.000Z', 'Z')
      .replace(/(\.\d*?)0+Z$/, '$1Z'),
  ),
  fc.constantFrom(
    '1970-01-01T00:00:00Z',
    '1969-12-31T23:59:59.999999Z',
    '2000-02-29T12:00:00Z',
    '2016-12-31T23:59:59.999Z',
    '2017-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999Z',
    '0001-01-01T00:00:00Z',
    '1582-10-10T00:00:00Z',
  ),
);
const price = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }).map((value) => {
  const digits = String(value < 0n ? -value : value).padStart(5, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
});
const nullable = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { freq: 4 });

const edgeRow: fc.Arbitrary<EdgeRow> = fc.record({
  whole: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0)),
  big: nullable(fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n))),
  small: nullable(fc.integer()),
  any: double,
  single: nullable(fc.float({ noNaN: true, noDefaultInfinity: true })),
  yes: nullable(fc.boolean()),
  text: nullable(text),
  kind: nullable(fc.constantFrom('a', 'b', 'ü')),
  at: nullable(at),
  price: nullable(price),
  numbers: nullable(fc.array(finite, { maxLength: 4 })),
  words: nullable(fc.array(text, { maxLength: 3 })),
});
/** The same rows for the same seed. */
export const edgeRows = (count: number, seed: number): EdgeRow[] => fc.sample(edgeRow, { numRuns: count, seed });
