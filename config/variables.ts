/** The HEDDLE_* variables that stand above heddle.config.ts, and their checks. */
import { HeddleError } from '../dsl/errors/heddle-error.ts';

/** Variable -> key of ResolvedConfig.sources that it sets, and what it takes. */
export const variables = {
  HEDDLE_PROJECT: { key: 'project', takes: /^[a-z0-9][a-z0-9._-]{0,62}$/i, like: 'a name: letters, digits, dots, dashes, underscores; at most 63' },
  HEDDLE_TEMPORAL_ADDRESS: { key: 'temporal.address', takes: /^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/, like: 'host:port, for instance 127.0.0.1:7233' },
  HEDDLE_TEMPORAL_NAMESPACE: { key: 'temporal.namespace', takes: /^\S+$/, like: 'a name' },
  HEDDLE_TEMPORAL_API_KEY: { key: 'temporal.apiKey', takes: /^\S+$/, like: 'a key' },
  HEDDLE_CATALOG: { key: 'catalog', takes: /^(sqlite:.+|postgres(ql)?:\/\/.+)$/, like: 'sqlite:<file> or postgres://user@host/database' },
  HEDDLE_STORAGE_ROOT: { key: 'storage.root', takes: /./, like: 'a folder or a URI' },
  HEDDLE_HDFS: {
    key: 'hdfs',
    takes: /^[A-Za-z][A-Za-z0-9_.-]*=https?:\/\/[^\s/,]+(,https?:\/\/[^\s/,]+)*$/,
    like: 'NAME=http://namenode:9870, further NameNodes after commas',
  },
  HEDDLE_SERVER: { key: 'server.url', takes: /^https?:\/\/[^\s/]+/, like: 'an address, for instance http://127.0.0.1:8233' },
  HEDDLE_LISTEN: { key: 'server.listen', takes: /^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/, like: 'host:port, for instance 127.0.0.1:8233' },
  HEDDLE_PYTHON: { key: 'python', takes: /./, like: 'a program' },
  HEDDLE_STATE: { key: 'stateFolder', takes: /./, like: 'a folder' },
} as const;

export type Variable = keyof typeof variables;

/** The value of a variable, undefined when it is not set or empty. Throws HDL-BAD-VARIABLE. */
export function readVariable(env: Readonly<Record<string, string | undefined>>, name: Variable): string | undefined {
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  const { takes, like } = variables[name];
  if (takes.test(value)) return value;
  throw new HeddleError('HDL-BAD-VARIABLE', {
    what: `${name} is "${name.endsWith('KEY') ? '...' : value.replace(/:[^:@/]*@/, ':***@')}"; it should be ${like}.`,
    where: 'environment',
  });
}
