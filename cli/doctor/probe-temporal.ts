/** Does Temporal answer, has it our namespace, and is the way to it safe? */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Connection } from '@temporalio/client';
import { isLoopback } from '../../api/auth/listener.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { temporalTls } from '../../workers/tls-files.ts';
import { packageFolder } from '../version.ts';
import { bad, ok, reason, warn, type Check } from './check.ts';

const WITHIN_MS = 3_000;

export async function probeTemporal({ temporal }: ResolvedConfig): Promise<Check[]> {
  const { address, namespace, tls, apiKey, embedded } = temporal;
  const checks: Check[] = embedded ? [await probeBinary()] : [];
  const host = address.replace(/:\d+$/, '');
  if (!tls && apiKey === null && !isLoopback(host))
    checks.push(warn('temporal way', `plaintext to another host, ${host}: everybody on the way can read and write`, 'Set temporal.tls in heddle.config.ts.'));
  let connection: Connection | undefined;
  try {
    const secure = tls && { tls: temporalTls(tls) };
    connection = await Connection.connect({ address, connectTimeout: WITHIN_MS, ...(apiKey !== null && { apiKey }), ...secure });
    const service = connection;
    const info = await service.withDeadline(Date.now() + WITHIN_MS, () => service.workflowService.getSystemInfo({}));
    checks.push(
      ok(
        'temporal',
        `${address} answers, version ${info.serverVersion ?? 'unknown'}${tls ? `, by TLS${tls.cert === undefined ? '' : ' with a certificate of ours'}` : ''}`,
      ),
    );
    checks.push(
      await service
        .withDeadline(Date.now() + WITHIN_MS, () => service.workflowService.describeNamespace({ namespace }))
        .then(
          () => ok('namespace', namespace),
          (error: unknown) =>
            bad(
              'namespace',
              `"${namespace}": ${reason(error)}`,
              `Create it, for instance: temporal operator namespace create ${namespace}. Or set temporal.namespace.`,
            ),
        ),
    );
  } catch (error) {
    checks.push(
      bad(
        'temporal',
        `${address} does not answer: ${reason(error)}`,
        embedded ? 'Start it: heddle dev.' : 'Start it, or set temporal.address (HEDDLE_TEMPORAL_ADDRESS).',
      ),
    );
  } finally {
    await connection?.close().catch(() => undefined);
  }
  return checks;
}

async function probeBinary(): Promise<Check> {
  type Launcher = typeof import('../../scripts/temporal-server.mjs');
  try {
    const { findTemporal } = (await import(pathToFileURL(join(packageFolder(), 'scripts', 'temporal-server.mjs')).href)) as Launcher; // plain JavaScript with its types beside it
    const found = findTemporal();
    if (found) return ok('temporal program', `${found.path} (${found.from})`);
    return warn(
      'temporal program',
      'there is none yet; heddle dev builds one from Go modules, once',
      'Or put `temporal` on PATH, or set HEDDLE_TEMPORAL_BINARY.',
    );
  } catch (error) {
    return bad('temporal program', reason(error), 'Correct HEDDLE_TEMPORAL_BINARY.');
  }
}
