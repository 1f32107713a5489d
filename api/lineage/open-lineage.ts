/**
 * A run as OpenLineage tells it: START, then COMPLETE, FAIL or ABORT, with the datasets that it read and made.
 * https://openlineage.io/spec/2-0-2/OpenLineage.json. Pure; server only.
 */
import { createHash } from 'node:crypto';
import type { LineageFact } from '../../catalog/lineage.ts';
import type { RunRow } from '../../catalog/runs.ts';
import type { DatasetDef, Json, JsonObject, Plan } from '../../dsl/plan/types.ts';

export type EventType = 'START' | 'COMPLETE' | 'FAIL' | 'ABORT';
export interface EventParts {
  readonly namespace: string;
  /** For the schemas of datasets; undefined where the plan is gone. */
  readonly plan: Plan | undefined;
  /** 'store://...' -> its absolute form. */
  resolve(uri: string): string;
}

const PRODUCER = 'urn:heddle:engine';
const facet = (name: string, version: string): { _producer: string; _schemaURL: string } => ({
  _producer: PRODUCER,
  _schemaURL: `https://openlineage.io/spec/facets/${version}/${name}.json#/$defs/${name}`,
});

export const eventTypeOf = (status: RunRow['status']): EventType =>
  status === 'done' ? 'COMPLETE' : status === 'failed' ? 'FAIL' : status === 'cancelled' ? 'ABORT' : 'START';

export function openLineageEvent(run: RunRow, type: EventType, at: number, facts: readonly LineageFact[], parts: EventParts): JsonObject {
  return {
    eventType: type,
    eventTime: new Date(at).toISOString(),
    producer: PRODUCER,
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    run: {
      runId: lineageRunId(run.runId, run.retry),
      facets: {
        heddle_run: {
          ...facet('HeddleRunFacet', '1-0-0'),
          _schemaURL: `${PRODUCER}:run-facet:1`,
          runId: run.runId,
          retry: run.retry,
          partition: run.partition,
          startedBy: run.startedBy,
          planHash: run.planHash,
        },
        processing_engine: { ...facet('ProcessingEngineRunFacet', '1-1-1'), version: '1', name: 'heddle' },
        ...nominalTime(run),
        ...(run.parent && {
          parent: {
            ...facet('ParentRunFacet', '1-0-1'),
            run: { runId: lineageRunId(run.parent.runId, 0) },
            job: { namespace: parts.namespace, name: run.parent.step },
          },
        }),
        ...(type === 'FAIL' && {
          errorMessage: { ...facet('ErrorMessageRunFacet', '1-0-1'), message: run.failure ?? 'failed', programmingLanguage: 'TypeScript' },
        }),
      },
    },
    job: {
      namespace: parts.namespace,
      name: run.pipeline,
      facets: { jobType: { ...facet('JobTypeJobFacet', '2-0-3'), processingType: 'BATCH', integration: 'HEDDLE', jobType: 'PIPELINE' } },
    },
    inputs: datasets(facts, 'in', parts),
    outputs: datasets(facts, 'out', parts),
  };
}

/** OpenLineage wants a UUID; ours is a ULID, and each retry is a run of its own there. */
export function lineageRunId(runId: string, retry: number): string {
  const hex = createHash('sha256').update(`${runId}/${retry}`).digest('hex');
  // version 8: by its maker's own rule, https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function nominalTime({ scope }: RunRow): JsonObject {
  const [start, end] = [scope?.['start'], scope?.['end']];
  if (typeof start !== 'string' || typeof end !== 'string') return {};
  return { nominalTime: { ...facet('NominalTimeRunFacet', '1-0-1'), nominalStartTime: start, nominalEndTime: end } };
}

/** One entry a dataset; its version is the partition, or how many. */
function datasets(facts: readonly LineageFact[], io: 'in' | 'out', parts: EventParts): JsonObject[] {
  const groups = new Map<string, LineageFact[]>();
  for (const fact of facts) {
    if (fact.io !== io) continue;
    const group = `${fact.kind === 'slice' ? 'partition' : fact.kind}:${fact.name}`;
    groups.set(group, [...(groups.get(group) ?? []), fact]);
  }
  return [...groups.values()].map((group): JsonObject => {
    const [{ kind, name }] = group as [LineageFact]; // no group is empty
    const versions = [...new Set(group.map(({ version, digest }) => `${version}${digest === '' ? '' : `#${digest.slice(0, 19)}`}`))].sort();
    const last = versions.at(-1) ?? '';
    const version = {
      ...facet('DatasetVersionDatasetFacet', '1-0-1'),
      datasetVersion: versions.length === 1 ? last : `${versions.length} of them, to ${last}`,
    };
    const def = kind === 'partition' || kind === 'slice' ? parts.plan?.contracts.datasets[name] : undefined;
    const place = def ? placeOf(parts.resolve(def.uri)) : kind === 'file' ? placeOf(name) : { namespace: parts.namespace, name: `${kind}s/${name}` };
    return {
      ...place,
      facets: {
        version,
        dataSource: {
          ...facet('DatasourceDatasetFacet', '1-0-1'),
          name: place.namespace,
          uri: def ? parts.resolve(def.uri) : kind === 'file' ? name : `${PRODUCER}:${place.name}`,
        },
        ...(def && { schema: { ...facet('SchemaDatasetFacet', '1-1-1'), fields: fieldsOf(def) } }),
      },
    };
  });
}

/** By OpenLineage's naming: 'hdfs://host:port' and the path; 'file' and the path. */
function placeOf(uri: string): { namespace: string; name: string } {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(\/.*)?$/i.exec(uri);
  if (!match) return { namespace: 'file', name: uri };
  const [, scheme = '', authority = '', path = '/'] = match;
  return { namespace: authority === '' ? scheme : `${scheme}://${authority}`, name: path };
}

function fieldsOf({ schema }: Pick<DatasetDef, 'schema'>): Json {
  const properties = (schema as { readonly properties?: Readonly<Record<string, { readonly type?: string; readonly description?: string }>> }).properties ?? {}; // a JSON Schema of an object
  return Object.entries(properties).map(([name, { type, description }]) => ({
    name,
    type: type ?? 'unknown',
    ...(description !== undefined && { description }),
  }));
}
