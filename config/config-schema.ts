/** The shape of heddle.config.ts as zod, with messages for people: unknown keys name the nearest known one. */
import { z } from 'zod';
import type { HeddleConfig } from '../dsl/config.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { closestName } from './closest-name.ts';

const pool = z.strictObject({
  classes: z.record(z.string(), z.strictObject({ units: z.number().positive().optional(), slots: z.int().min(1).max(10_000).optional() })),
  budget: z.number().positive().optional(),
});
const schema = z.strictObject({
  project: z.string().optional(),
  pipelines: z.array(z.string()).min(1),
  temporal: z
    .strictObject({
      address: z.string().optional(),
      namespace: z.string().optional(),
      tls: z.strictObject({ ca: z.string().optional(), cert: z.string().optional(), key: z.string().optional(), serverName: z.string().optional() }).optional(),
      apiKey: z.string().optional(),
    })
    .optional(),
  catalog: z.string().optional(),
  storage: z.strictObject({ root: z.string().optional() }).optional(),
  server: z
    .strictObject({
      listen: z.string().optional(),
      url: z.url().optional(),
      tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
      insecure: z.boolean().optional(),
      tokens: z
        .array(z.strictObject({ name: z.string().min(1), roles: z.array(z.string()).min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/, 'the sha256 of the token, 64 hex digits') }))
        .optional(),
    })
    .optional(),
  pools: z.record(z.string(), pool).optional(),
  notify: z.strictObject({ url: z.url(), secretEnv: z.string().optional(), on: z.array(z.enum(['failed', 'done', 'approval'])).optional() }).optional(),
  python: z.string().optional(),
});

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(schema.shape),
  temporal: ['address', 'namespace', 'tls', 'apiKey'],
  storage: ['root'],
  server: ['listen', 'url', 'tls', 'insecure', 'tokens'],
  notify: ['url', 'secretEnv', 'on'],
};

/** Throws HDL-BAD-CONFIG with every mistake in one go. */
export function parseConfig(value: unknown, file: string): HeddleConfig {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data as HeddleConfig; // the same shape; zod's optional fields may hold undefined
  const lines = parsed.error.issues.map((issue) => {
    const at = issue.path.join('.');
    if (issue.code !== 'unrecognized_keys') return `${at || 'the configuration'}: ${issue.message}`;
    return issue.keys.map((key) => `${at ? `${at}.` : ''}${key} is not known${hint(at, key)}`).join('; ');
  });
  throw new HeddleError('HDL-BAD-CONFIG', { what: lines.join('; '), where: file });
}

function hint(at: string, key: string): string {
  const near = closestName(key, KNOWN[at] ?? []);
  return near ? `: did you mean ${near}?` : '';
}
