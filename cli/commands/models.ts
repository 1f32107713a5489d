/** `heddle models`: the registry: all models, one with its versions and aliases, or one version with its numbers. */
import type { ModelView, VersionView } from '../../api/models/model-view.ts';
import type { CommandContext } from '../command-context.ts';
import { defineCommand } from '../define-command.ts';

export const modelsCommand = defineCommand<object, [string | undefined]>({
  usage: 'models [model]',
  summary: 'list models, or show one: NAME, NAME@VERSION or NAME@ALIAS',
  group: 'Look',
  examples: [
    ['heddle models', 'all, with newest version and aliases'],
    ['heddle models flights.delay', 'its versions, and what its aliases did'],
    ['heddle models flights.delay@champion', 'metrics, slices, input schema, ranges, digests'],
  ],
  async run({ output, client: connect }, _options, reference) {
    const client = await connect();
    const at = reference?.lastIndexOf('@') ?? -1;
    if (reference !== undefined && at > 0) {
      const version = await client.modelVersion(reference.slice(0, at), reference.slice(at + 1));
      output.document(version);
      if (!output.json) await showVersion(output, version);
      return;
    }
    if (reference !== undefined) {
      const model = await client.model(reference);
      output.document(model);
      if (!output.json) await showModel(output, model);
      return;
    }
    const { models } = await client.models();
    output.document({ models });
    if (output.json) return;
    if (models.length === 0) return output.line('no models: a pipeline registers them, or heddle models import');
    const { table } = await import('../show/table.ts');
    output.line(
      table(
        output,
        ['MODEL', 'NEWEST', 'ALIASES'],
        models.map((model) => [
          model.name,
          model.latest ?? '',
          Object.entries(model.aliases)
            .map(([alias, version]) => `${alias} ${version}`)
            .join(', '),
        ]),
      ),
    );
  },
});

type Output = CommandContext['output'];

async function showModel(output: Output, { name, versions, aliases, history }: ModelView): Promise<void> {
  const [{ table }, { clock }] = await Promise.all([import('../show/table.ts'), import('../show/time.ts')]);
  output.line(output.style('bold', name));
  output.line(
    table(
      output,
      ['VERSION', 'ALIASES', 'AUC', 'REGISTERED', 'RUN', 'DIGEST'],
      versions.map(({ version, details, createdAt, runId, step, digest }) => [
        version,
        Object.entries(aliases)
          .filter(([, at]) => at === version)
          .map(([alias]) => alias)
          .join(', '),
        figure((details['metrics'] as Record<string, number> | undefined)?.['auc']), // as it was registered
        clock(createdAt),
        step === 'import' ? 'imported' : runId,
        digest.slice(0, 19),
      ]),
    ),
  );
  if (history.length === 0) return;
  output.line();
  output.line(
    table(
      output,
      ['ALIAS', 'FROM', 'TO', 'WHEN', 'BY', 'NOTE'],
      history.map((change) => [change.alias, change.from ?? '-', change.to, clock(change.at), change.by, change.note ?? '']),
    ),
  );
}

async function showVersion(output: Output, version: VersionView): Promise<void> {
  const { clock } = await import('../show/time.ts');
  const { details } = version;
  output.line(`${output.style('bold', `${version.name}@${version.version}`)}  ${version.aliases.join(', ')}`);
  const line = (title: string, text: string): void => {
    if (text !== '') output.line(`  ${title.padEnd(12)}${text}`);
  };
  line('registered', `${clock(version.createdAt)} by run ${version.runId}, step ${version.step}`);
  line('digest', version.digest);
  line('files', version.uri);
  const object = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}); // JSON of the registry
  const meta = object(details['meta']);
  line('pipeline', [details['pipeline'], details['partition'], details['planHash']].filter((part) => typeof part === 'string').join(' '));
  line('metrics', numbers(object(details['metrics'])));
  for (const [slice, metrics] of Object.entries(object(details['slices']))) line('', `${slice}: ${numbers(object(metrics))}`);
  const profile = object(meta['profile']);
  for (const feature of Array.isArray(meta['features']) ? meta['features'].map(String) : [])
    line('input', `${feature} ${numbers(object(profile[feature]))}`.trimEnd());
  line(
    'data',
    Object.entries(object(meta['data']))
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', '),
  );
  line(
    'environment',
    Object.entries(object(meta['environment']))
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', '),
  );
  for (const { task, version: number, digest } of version.code) line('code', `${task} ${number ?? ''} ${digest ?? 'not known'}`);
  for (const { alias, from, to, at, by, note } of version.history)
    line('alias', `${alias} ${from ?? '-'} -> ${to}, ${clock(at)} by ${by}${note === null ? '' : `: ${note}`}`);
}

const figure = (value: unknown): string => (typeof value === 'number' ? (Number.isInteger(value) ? String(value) : value.toFixed(4)) : '');
const numbers = (record: Readonly<Record<string, unknown>>): string =>
  Object.entries(record)
    .map(([name, value]) => `${name} ${figure(value)}`)
    .join(', ');
