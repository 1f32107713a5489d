/** Does each cluster of `hdfs` have a NameNode that serves, and which ones answer? */
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { HdfsClient } from '../../storage/hdfs/hdfs-client.ts';
import { bad, ok, reason, warn, type Check } from './check.ts';

/** Doctor does not wait for a failover. */
export const PATIENCE_MS = 3_000;

export function probeHdfs({ hdfs }: Pick<ResolvedConfig, 'hdfs'>): Promise<Check[]> {
  return Promise.all(
    Object.entries(hdfs).map(async ([name, cluster]): Promise<Check> => {
      const answers = await Promise.all(
        cluster.namenodes.map(async (base) => {
          try {
            const client = new HdfsClient({ ...cluster, namenodes: [base], timeouts: { connectMs: PATIENCE_MS, idleMs: PATIENCE_MS, failoverMs: 1 } });
            await client.call({ method: 'GET', names: [], op: 'GETFILESTATUS' });
            return null;
          } catch (error) {
            return `${base}: ${reason(error)}`;
          }
        }),
      );
      const others = answers.filter((why) => why !== null);
      // a standby answers that it is one: that is how it should be
      const away = others.filter((why) => !why.includes('StandbyException'));
      const detail = `${cluster.namenodes.length - others.length} of ${cluster.namenodes.length} NameNodes serve${others.length > 0 ? `; ${others.join('; ')}` : ''}`;
      if (others.length === answers.length) return bad(`hdfs ${name}`, detail, `Correct hdfs.${name} in heddle.config.ts, or start the cluster.`);
      return away.length > 0 ? warn(`hdfs ${name}`, detail, 'Without it there is nobody to take over.') : ok(`hdfs ${name}`, detail);
    }),
  );
}
