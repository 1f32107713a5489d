/**
 * `heddle dev`: Temporal, the server and one worker a pool as child processes, with their state under .heddle/. Watches the
 * project's files; new wiring needs no restart, changed task code restarts the workers after a drain.
 */
import { writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { localToken } from '../../api/auth/token-file.ts';
import { readDevState, removeDevState, writeDevState } from '../../config/dev-state.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Output } from '../output.ts';
import { startChild, type DevChild } from './child.ts';
import { choosePort } from './choose-port.ts';
import { createDevLines } from './dev-lines.ts';
import { startDevTemporal, type DevTemporal } from './dev-temporal.ts';
import { createProjectWatch } from './project-watch.ts';
import { watchFiles } from './watch-files.ts';

export interface DevOptions {
  readonly config: ResolvedConfig;
  readonly configFile: string | undefined;
  readonly output: Output;
  /** Written with the addresses when everything is up. */
  readonly readyFile: string | undefined;
  readonly watch: boolean;
}

const GRACE_MS = 15_000;

/** Comes back when it was told to stop and everything has ended. */
export async function runDev(options: DevOptions): Promise<ExitCode> {
  const { config, output } = options;
  const running = readDevState(config.stateFolder);
  if (running)
    throw new HeddleError('HDL-DEV-RUNNING', {
      what: `heddle dev runs in this project already, as process ${running.pid} on ${running.server}.`,
      where: config.folder,
    });
  const started = Date.now();
  const lines = createDevLines(output);
  let temporal: DevTemporal | undefined;
  const children: DevChild[] = [];
  let endWatch = (): void => undefined;
  const stop = onStop(() => {
    for (const child of children) child.kill();
    temporal?.kill();
    removeDevState(config.stateFolder);
  });

  try {
    const project = createProjectWatch(config, lines);
    const host = config.server.host;
    const port = config.sources['server.listen'] === 'default' ? await choosePort(host, config.server.port) : config.server.port;
    const url = config.sources['server.url'] === 'default' ? config.server.url.replace(/:\d+$/, `:${port}`) : config.server.url;
    if (config.temporal.embedded) {
      temporal = await startDevTemporal({ stateFolder: config.stateFolder, port: 7233, namespace: config.temporal.namespace, lines });
    }
    const address = temporal?.address ?? config.temporal.address;
    localToken(config.server.tokenFile); // before the workers look for it
    const state = { pid: process.pid, server: url, temporal: address, temporalUi: temporal?.ui ?? null, project: config.project };
    writeDevState(config.stateFolder, state);

    const env = { HEDDLE_TEMPORAL_ADDRESS: address, HEDDLE_LISTEN: `${host.includes(':') ? `[${host}]` : host}:${port}`, HEDDLE_SERVER: url };
    const more = options.configFile === undefined ? [] : ['--config', resolve(options.configFile)];
    const child = (name: string, args: readonly string[]): DevChild => {
      const made = startChild({ name, args: [...args, ...more], cwd: config.folder, env, lines });
      children.push(made);
      return made;
    };
    child('server', ['server']);
    const pools = Object.keys(config.pools);
    const workers = pools.map((pool) => child(pools.length === 1 ? 'worker' : pool, ['worker', '--pool', pool]));
    await Promise.race([Promise.all([temporal?.ready, ...children.map(({ ready }) => ready)]), stop.told]);
    if (!stop.happened()) {
      const message = { ready: true, ...state, pools, pids: Object.fromEntries(children.map(({ name, pid }) => [name, pid])), ms: Date.now() - started };
      lines.say(
        `ready in ${(message.ms / 1000).toFixed(1)} s: server ${url}${temporal ? `, Temporal's page ${temporal.ui}` : ''}, ${pools.length === 1 ? 'one worker' : `${pools.length} workers`}`,
      );
      if (options.readyFile !== undefined) writeFileSync(options.readyFile, `${JSON.stringify(message)}\n`);
      if (output.json) process.stdout.write(`${JSON.stringify(message)}\n`);
      if (options.watch) endWatch = watchProject(config, project, workers, lines); // before the first compilation: nothing is missed
      await Promise.race([project.compile(), stop.told]);
      lines.say(`next: heddle run ${project.pipelines[0] ?? 'PIPELINE'} --wait`);
    }
    await stop.told;
    lines.say('stopping');
    return 0;
  } finally {
    endWatch();
    // workers first, so that their last steps can still be told to the server; Temporal last
    await Promise.all(children.filter(({ name }) => name !== 'server').map((child) => child.stop(GRACE_MS)));
    await Promise.all(children.map((child) => child.stop(GRACE_MS)));
    await temporal?.stop();
    removeDevState(config.stateFolder);
    stop.end();
  }
}

/** One change at a time; those that come meanwhile are one more. */
function watchProject(
  config: ResolvedConfig,
  project: ReturnType<typeof createProjectWatch>,
  workers: readonly DevChild[],
  lines: ReturnType<typeof createDevLines>,
): () => void {
  let busy = false;
  let again = false;
  const configFile = config.file === null ? null : relative(config.folder, config.file);
  const react = async (files: readonly string[]): Promise<void> => {
    if (configFile !== null && files.includes(configFile)) lines.say(`${configFile} changed: stop heddle dev and start it again to use it`);
    if (files.length > 0 && files.every((file) => file === configFile)) return;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      lines.say(`changed: ${files.slice(0, 5).join(', ')}${files.length > 5 ? `, +${files.length - 5}` : ''}`);
      const changed = await project.compile();
      if (changed !== null && changed.length > 0) {
        lines.say(`task code changed: ${changed.join(', ')}; restarting ${workers.length === 1 ? 'the worker' : 'the workers'} after a drain`);
        const since = Date.now();
        await Promise.all(workers.map((worker) => worker.replace()));
        lines.say(`the new code is up after ${((Date.now() - since) / 1000).toFixed(1)} s`);
      }
    } catch (error) {
      lines.say(`the change could not be taken up: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      busy = false;
    }
    if (again) {
      again = false;
      await react([]);
    }
  };
  return watchFiles(config.folder, (files) => void react(files));
}

/** The first signal asks to stop, another one a second later kills everything. */
function onStop(kill: () => void): { readonly told: Promise<void>; happened(): boolean; end(): void } {
  let stop = (): void => undefined;
  const told = new Promise<void>((resolve) => {
    stop = resolve;
  });
  let at = 0;
  const handler = (): void => {
    if (at > 0 && Date.now() - at > 1_000) {
      kill();
      process.exit(130);
    }
    at ||= Date.now();
    stop();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, handler);
  return {
    told,
    happened: () => at > 0,
    end() {
      for (const signal of signals) process.removeListener(signal, handler);
    },
  };
}
