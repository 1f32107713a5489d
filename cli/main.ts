/** The command line's entry, started by bin/heddle.mjs: runs one command and sets the exit code. */
import { exitCodeOf, isHeddleError } from '../dsl/errors/heddle-error.ts';
import { createContext } from './create-context.ts';
import { createProgram } from './create-program.ts';
import { createOutput } from './output.ts';
import { tellParent } from './processes/tell-parent.ts';
import { showError } from './show-error.ts';
import { usageError } from './usage-error.ts';

const program = createProgram(async (command, run) => {
  const { json, config } = command.optsWithGlobals<{ json?: boolean; config?: string }>();
  process.exitCode = (await run(createContext({ json: json ?? false, configFile: config }))) ?? 0;
});
const output = (): ReturnType<typeof createOutput> => createOutput(process.argv.includes('--json'));
// the reader of a pipe went away: a short command ends, one that runs until it is told to stop does not care
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => {
    if (process.listenerCount('SIGTERM') === 0) process.exit(141);
  });
}
try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync(process.argv);
} catch (error) {
  const usage = usageError(error, program);
  if (usage !== undefined) {
    showError(output(), usage);
    process.exitCode = 2;
  } else if (!(error instanceof Error && error.name === 'CommanderError')) {
    showError(output(), error);
    process.exitCode = exitCodeOf(error);
    // a child of `heddle dev`: say that another try would end the same way
    if (process.send && process.exitCode === 2 && isHeddleError(error)) tellParent({ kind: 'refused', error: error.toJSON() });
  }
  if (process.send) process.disconnect();
}
