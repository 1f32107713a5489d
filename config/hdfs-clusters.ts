/** The clusters of `hdfs` with the one that HEDDLE_HDFS names above them; files made absolute. For load-config.ts. */
import type { HdfsConfig } from '../dsl/config.ts';
import type { CheckedConfig } from './config-schema.ts';

/** `variable`: 'NAME=http://host:port,http://host:port', checked: the NameNodes of a new cluster, or others for one of the file. */
export function hdfsClusters(
  written: CheckedConfig['hdfs'],
  variable: string | undefined,
  absolute: (path: string) => string,
): Readonly<Record<string, HdfsConfig>> {
  const clusters: Record<string, HdfsConfig> = {};
  for (const [name, cluster] of Object.entries(written ?? {})) {
    clusters[name] = JSON.parse(
      JSON.stringify({
        ...cluster,
        ...(cluster.tokenFile !== undefined && { tokenFile: absolute(cluster.tokenFile) }),
        ...(cluster.tls?.ca !== undefined && { tls: { ca: absolute(cluster.tls.ca) } }),
      }),
    ) as HdfsConfig; // without what zod left undefined
  }
  if (variable !== undefined) {
    const equals = variable.indexOf('=');
    const name = variable.slice(0, equals);
    clusters[name] = { ...clusters[name], namenodes: variable.slice(equals + 1).split(',') };
  }
  return clusters;
}
