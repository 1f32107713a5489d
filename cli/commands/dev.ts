/** `heddle dev`: everything on this machine, for a person who writes pipelines. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly onceReadyFile?: string;
  readonly watch: boolean;
}

export const devCommand = defineCommand<Options>({
  usage: 'dev',
  summary: 'run Temporal, server and workers here; recompile and restart as files change',
  group: 'Run',
  examples: [
    ['heddle dev', 'state under .heddle/; Ctrl+C stops all of it'],
    ['heddle dev --json', 'one JSON line on stdout when everything is up'],
    ['heddle dev --no-watch', 'leave the workers alone when files change'],
  ],
  options: (command) =>
    command.option('--once-ready-file <file>', 'write the addresses there as JSON when everything is up').option('--no-watch', 'do not watch the files'),
  async run({ output, configFile, config: load }, options) {
    const { runDev } = await import('../dev/run-dev.ts');
    return runDev({ config: await load(), configFile, output, readyFile: options.onceReadyFile, watch: options.watch });
  },
});
