/** `heddle doctor`: the effective configuration, and whether each outside part works. */
import { defineCommand } from '../define-command.ts';

export const doctorCommand = defineCommand({
  usage: 'doctor',
  summary: 'print the effective configuration and probe every outside part',
  group: 'Operate',
  examples: [
    ['heddle doctor', 'exit code 3 when something that is needed does not work'],
    ['heddle doctor --json', 'for a monitor'],
  ],
  async run({ output, config: load }) {
    const [
      { effectiveValues },
      { probeTemporal },
      { probeServer },
      { probeCatalog },
      { probeStore, probePython, probeDisk },
      { probeHdfs },
      { probeCaches },
      { probeVariables },
      { probeTls },
    ] = await Promise.all([
      import('../doctor/effective-values.ts'),
      import('../doctor/probe-temporal.ts'),
      import('../doctor/probe-server.ts'),
      import('../doctor/probe-catalog.ts'),
      import('../doctor/probe-machine.ts'),
      import('../doctor/probe-hdfs.ts'),
      import('../doctor/probe-caches.ts'),
      import('../doctor/probe-variables.ts'),
      import('../doctor/probe-tls.ts'),
    ]);
    const config = await load();
    const values = effectiveValues(config);
    const checks = [
      ...probeVariables(process.env),
      ...probeTls(config),
      ...(
        await Promise.all([
          probeTemporal(config),
          probeServer(config),
          probeCatalog(config),
          probeStore(config),
          probeHdfs(config),
          probeCaches(config),
          probePython(config),
          probeDisk(config),
        ])
      ).flat(),
    ];
    const failed = checks.some(({ state }) => state === 'bad');
    output.document({ ok: !failed, file: config.file, values, checks });
    if (!output.json) {
      const { table } = await import('../show/table.ts');
      output.line(output.style('dim', config.file ?? 'no heddle.config.ts'));
      output.line(
        table(
          output,
          ['KEY', 'VALUE', 'FROM'],
          values.map(({ key, value, source }) => [key, value, source]),
        ),
      );
      output.line();
      const colour = { ok: 'green', warn: 'yellow', bad: 'red' } as const;
      for (const { name, state, detail, fix } of checks) {
        output.line(`${output.style(colour[state], state.padEnd(4))} ${name.padEnd(18)} ${detail}`);
        if (fix !== null) output.line(`     ${' '.repeat(18)} ${output.style('dim', `do: ${fix}`)}`);
      }
    }
    return failed ? 3 : 0;
  },
});
