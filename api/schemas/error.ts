/** Schema of an error answer. */
import { z } from '@hono/zod-openapi';

export const errorSchema = z
  .object({
    error: z.object({ code: z.string(), what: z.string(), where: z.string().nullable(), why: z.string().nullable(), fix: z.string(), page: z.string() }),
  })
  .openapi('Error');
