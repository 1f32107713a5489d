/** Error codes: the API, the catalog and the control plane. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const serverCodes = {
  'HDL-NO-TOKEN': { title: 'A token is missing or wrong', fix: 'Set HEDDLE_TOKEN, or use the token file that the server wrote.', exit: 2, status: 401 },
  'HDL-FORBIDDEN': {
    title: 'The token may not do this',
    fix: "Use a token with the role that the message names; roles are in the server's configuration.",
    exit: 2,
    status: 403,
  },
  'HDL-FOREIGN-HOST': {
    title: 'The request names another host or comes from another origin',
    fix: 'Call the server by the address in server.url, and from its own page.',
    exit: 2,
    status: 403,
  },
  'HDL-BAD-REQUEST': {
    title: 'A request does not have the shape that the API takes',
    fix: 'Compare it with /openapi.json of the server.',
    exit: 2,
    status: 400,
  },
  'HDL-BODY-TOO-LARGE': { title: 'A request is too large', fix: 'Write the data to the store and pass where it lies.', exit: 2, status: 413 },
  'HDL-NO-ROUTE': {
    title: 'The API has no such path',
    fix: 'Look at /openapi.json of the server; client and server may be of different versions.',
    exit: 2,
    status: 404,
  },
  'HDL-INTERNAL': {
    title: 'The server met an error that it does not know',
    fix: "Look at the server's log, and report it with the message.",
    exit: 1,
    status: 500,
  },
  'HDL-PLAN-HASH': {
    title: 'A plan does not have the hash that came with it',
    fix: 'Compile it again: heddle compile PIPELINE. Client and server must agree on the plan format.',
    exit: 2,
    status: 400,
  },
  'HDL-PLAN-INVALID': {
    title: 'A plan does not fit the plan schema',
    fix: 'Compile it again with heddle compile; do not edit plans by hand.',
    exit: 2,
    status: 400,
  },
  'HDL-NO-PLAN': { title: 'The server does not have this plan', fix: 'Send the plan first (POST /plans); heddle run does so by itself.', exit: 2, status: 404 },
  'HDL-KEY-REUSED': { title: 'The same key was used with another body', fix: 'Take another --key, or leave it out.', exit: 2, status: 409 },
  'HDL-NO-MODEL': { title: 'There is no such model or version', fix: 'See what there is: GET /api/v1/models.', exit: 2, status: 404 },
  'HDL-ALIAS-MOVED': {
    title: 'A promotion lost a race',
    fix: 'Compare the model with the version that stands there now, then promote again.',
    exit: 1,
    status: 409,
  },
  'HDL-CATALOG-NEWER': {
    title: 'The catalog was written by a newer Heddle',
    fix: 'Start the newer version, or point the configuration at another catalog.',
    exit: 3,
  },
  'HDL-CATALOG-LOCKED': {
    title: 'The catalog is locked by another process',
    fix: 'Stop the other server or the tool that holds the file open, then start again.',
    exit: 3,
    status: 503,
  },
  'HDL-CATALOG-UNREACHABLE': {
    title: 'The catalog cannot be opened',
    fix: 'Check `catalog` in heddle.config.ts (or HEDDLE_CATALOG), and that the database runs.',
    exit: 3,
    status: 503,
  },
  'HDL-TEMPORAL-UNREACHABLE': {
    title: 'Temporal does not answer',
    fix: 'Start it (heddle dev starts one), or set temporal.address (HEDDLE_TEMPORAL_ADDRESS).',
    exit: 3,
    status: 503,
  },
  'HDL-TLS-FILE': {
    title: 'A file of the TLS settings cannot be used',
    fix: 'Name a PEM file that this user may read: server.tls and temporal.tls in heddle.config.ts.',
    exit: 2,
  },
  'HDL-PORT-TAKEN': {
    title: 'The port of the server is taken',
    fix: 'Stop the process that listens there, or set server.listen (HEDDLE_LISTEN) to another port.',
    exit: 2,
  },
  'HDL-INSECURE-LISTENER': {
    title: 'The server would listen beyond this machine without TLS',
    fix: 'Give server.tls, or listen on 127.0.0.1, or set server.insecure: true where a proxy does the TLS.',
    exit: 2,
  },
} as const satisfies Record<string, CodeEntry>;
