/** /partitions/{dataset}: what is published, from the store, with what the catalog knows of it. */
import { z } from '@hono/zod-openapi';
import { formatKey } from '../../calendar/partition-scope.ts';
import { listPublications } from '../../catalog/publications.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { requireDataset } from '../lineage/reference.ts';
import { rollbackPartition } from '../partitions/rollback-partition.ts';
import type { ServerParts } from '../server-parts.ts';

const partition = z
  .object({
    key: z.string(),
    path: z.string(),
    rows: z.number(),
    bytes: z.number(),
    files: z.number(),
    manifest: z.string(),
    runId: z.string(),
    step: z.string(),
    task: z.string(),
    version: z.string(),
    codeDigest: z.string().nullable(),
    generation: z.number().nullable(),
    publishedAt: z.number().nullable(),
  })
  .openapi('Partition');
type PartitionEntry = z.output<typeof partition>;
const list = z.object({
  dataset: z.string(),
  uri: z.string(),
  dimensions: z.array(z.string()),
  partitions: z.array(partition),
  /** Not to be read: edited by hand, or no partition that the dataset can have. */
  damaged: z.array(z.object({ key: z.string(), path: z.string(), code: z.string(), why: z.string() })),
});
export type PartitionList = z.output<typeof list>;

export function addPartitionRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/partitions/{dataset}',
      role: 'viewer',
      summary: 'Published partitions of a dataset, in the order of their keys',
      query: z.object({ from: z.string().optional(), to: z.string().optional() }),
      answer: list,
    },
    async ({ at, query }) => {
      const dataset = await requireDataset(parts, at('dataset'));
      const known = new Map(
        (await listPublications(parts.catalog.db, parts.config.project, dataset.name)).map((one) => [`${one.path} ${one.manifest}`, one] as const),
      );
      const listing = await listPartitions(parts.store, dataset);
      const partitions = listing.partitions.map(({ path, key, digest, manifest }): PartitionEntry => {
        const published = known.get(`${path} ${digest}`);
        return {
          key: formatKey(dataset.partitions, key),
          path,
          rows: manifest.rows,
          bytes: manifest.bytes,
          files: manifest.files.length,
          manifest: digest,
          runId: manifest.runId,
          step: manifest.step,
          task: manifest.task,
          version: manifest.version,
          codeDigest: manifest.codeDigest,
          generation: published?.generation ?? null,
          publishedAt: published?.publishedAt ?? null,
        };
      });
      // keys of time sort as texts do; an end of a range may be cut short: 2001-03 holds all of March
      const isAsked = ({ key }: { readonly key: string }): boolean =>
        (query.from === undefined || key >= query.from) && (query.to === undefined || key <= `${query.to}\uffff`);
      return {
        dataset: dataset.name,
        uri: parts.store.resolve(dataset.uri),
        dimensions: Object.keys(dataset.partitions),
        partitions: partitions.filter(isAsked),
        damaged: listing.damaged.map(({ path, key, code, why }) => ({ key: formatKey(dataset.partitions, key), path, code, why })).filter(isAsked),
      };
    },
  );
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/partitions/{dataset}/rollback',
      role: 'operator',
      summary: 'Put an earlier generation of a partition in place again',
      body: z.strictObject({ partition: z.string(), to: z.int().positive().optional(), note: z.string().max(2000).optional() }),
      answer: z.object({
        dataset: z.string(),
        key: z.string(),
        path: z.string(),
        from: z.number().nullable(),
        to: z.number(),
        generation: z.number(),
        rows: z.number(),
        runId: z.string(),
      }),
    },
    ({ at, who, body: { partition: key, to, note } }) =>
      rollbackPartition(parts, { dataset: at('dataset'), partition: key, to, who: who.name, note: note ?? null }),
  );
}
