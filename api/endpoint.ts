/**
 * One HTTP endpoint: method, path, role, shapes. Adds it to the app and to the OpenAPI document, so that both say the same.
 * Input is validated here; a mistake is HDL-BAD-REQUEST with the path of the field. Server only.
 */
import { createRoute, type OpenAPIHono, type z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { registry, type CodeEntry } from '../dsl/errors/registry.ts';
import { requireRole, type Identity, type Role } from './auth/tokens.ts';
import { errorSchema } from './schemas/error.ts';

export interface ApiEnv {
  Variables: { who: Identity };
}
export type Api = OpenAPIHono<ApiEnv>;

/** Of every code that can come from the API. */
const STATUSES = [...new Set(Object.values(registry).flatMap((entry: CodeEntry) => entry.status ?? []))].sort((a, b) => a - b);

export interface Endpoint<Q extends z.ZodObject, B extends z.ZodType> {
  readonly method: 'get' | 'post';
  /** OpenAPI style: '/runs/{runId}'. */
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  readonly query?: Q;
  readonly body?: B;
  readonly answer: z.ZodType;
  /** Longest body; default 1 MiB. */
  readonly maxBytes?: number;
}
export interface Request<Q, B> {
  readonly who: Identity;
  /** A parameter of the path. */
  readonly at: (name: string) => string;
  readonly query: Q;
  readonly body: B;
}

export function addEndpoint<Q extends z.ZodObject = z.ZodObject<Record<never, never>>, B extends z.ZodType = z.ZodUndefined>(
  app: Api,
  endpoint: Endpoint<Q, B>,
  handle: (request: Request<z.output<Q>, z.output<B>>) => Promise<unknown>,
): void {
  document(app, endpoint);
  app.on(endpoint.method.toUpperCase(), endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (c) => {
    requireRole(c.get('who'), endpoint.role);
    const query = endpoint.query ? parse(endpoint.query, c.req.query(), 'query') : {};
    const body = endpoint.body ? parse(endpoint.body, await readBody(c, endpoint.maxBytes ?? 1024 * 1024), 'body') : undefined;
    const answer = await handle({ who: c.get('who'), at: (name) => c.req.param(name) ?? '', query: query as z.output<Q>, body: body as z.output<B> }); // parsed by these very schemas
    return c.newResponse(JSON.stringify(answer), 200, { 'content-type': 'application/json' });
  });
}

function document<Q extends z.ZodObject, B extends z.ZodType>(app: Api, endpoint: Endpoint<Q, B>): void {
  const failure = { description: 'An error', content: { 'application/json': { schema: errorSchema } } };
  app.openAPIRegistry.registerPath(
    createRoute({
      method: endpoint.method,
      path: endpoint.path,
      summary: endpoint.summary,
      description: `Role: ${endpoint.role}.`,
      security: [{ bearer: [] }],
      request: {
        ...(endpoint.query && { query: endpoint.query }),
        ...(endpoint.body && { body: { required: true, content: { 'application/json': { schema: endpoint.body } } } }),
      },
      responses: {
        200: { description: 'Done', content: { 'application/json': { schema: endpoint.answer } } },
        ...Object.fromEntries(STATUSES.filter((status) => status !== 413 || endpoint.body).map((status) => [status, failure])),
      },
      ...(endpoint.path.includes('{') && {
        parameters: [...endpoint.path.matchAll(/\{(\w+)\}/g)].map((match) => ({
          name: match[1] ?? '',
          in: 'path' as const,
          required: true,
          schema: { type: 'string' as const },
        })),
      }),
    }),
  );
}

function parse(schema: z.ZodType, value: unknown, part: 'query' | 'body'): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = ['$', ...(issue?.path ?? [])]
    .map((segment, at) => (typeof segment === 'number' ? `[${segment}]` : at === 0 ? '$' : `.${String(segment)}`))
    .join('');
  throw new HeddleError('HDL-BAD-REQUEST', { what: `The ${part} does not fit at ${path}: ${issue?.message ?? 'it has another shape'}.` });
}

/** Reads at most `maxBytes`, then JSON. Throws HDL-BODY-TOO-LARGE, HDL-BAD-REQUEST. */
async function readBody(c: Context, maxBytes: number): Promise<unknown> {
  const tooLarge = (): HeddleError => new HeddleError('HDL-BODY-TOO-LARGE', { what: `The body is larger than ${maxBytes} bytes.`, where: c.req.path });
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) throw tooLarge();
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/json\b/i.test(type))
    throw new HeddleError('HDL-BAD-REQUEST', {
      what: `The body's content-type is ${type === '' ? 'missing' : `"${type}"`}, not application/json.`,
      fix: 'Send JSON with content-type application/json.',
    });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new HeddleError('HDL-BAD-REQUEST', { what: `The body is no valid JSON: ${error instanceof Error ? error.message : String(error)}.`, cause: error });
  }
}
