/** A column of decimals: exact, with a fixed number of digits; texts such as '-12.34' in rows. Authors' surface. */
import { z } from 'zod';

/** `precision`: digits in all, at most 38; `scale`: of them after the point. Parquet's DECIMAL(precision, scale). */
export function decimal(precision: number, scale: number): z.ZodString {
  if (!Number.isInteger(precision) || !Number.isInteger(scale) || precision < 1 || precision > 38 || scale < 0 || scale > precision)
    throw new RangeError(`decimal(${precision}, ${scale}): 1 to 38 digits, of them at most that many after the point`);
  return z
    .string()
    .regex(/^-?\d+(\.\d+)?$/)
    .meta({ decimal: [precision, scale] });
}
