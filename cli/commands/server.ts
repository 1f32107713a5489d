/** `heddle server`: the control plane, in the foreground. */
import { defineCommand } from '../define-command.ts';

export const serverCommand = defineCommand({
  usage: 'server',
  summary: "run the server: API, catalog, plan interpreter; never authors' code",
  group: 'Operate',
  examples: [
    ['heddle server', 'on the address of the configuration'],
    ['HEDDLE_LISTEN=127.0.0.1:9000 heddle server --json', 'another port; one JSON line when it is ready'],
  ],
  async run({ output, serverConfig }) {
    const [{ startServer }, { untilToldToStop }, { tellParent }] = await Promise.all([
      import('../../workers/server.ts'),
      import('../processes/until-told-to-stop.ts'),
      import('../processes/tell-parent.ts'),
    ]);
    const config = await serverConfig();
    if (process.send) await (await import('../processes/await-address.ts')).awaitAddress(config.temporal.address, 20_000);
    const server = await startServer({ config }).catch((error: unknown) => {
      // the error is told first; then the SDK's native runtime must not hold a server that never began
      setTimeout(() => {
        process.exit();
      }, 200).unref();
      throw error;
    });
    tellParent({ kind: 'ready', name: 'server', address: server.url });
    if (output.json) process.stdout.write(`${JSON.stringify({ ready: true, url: server.url, project: config.project, pid: process.pid })}\n`);
    else output.note(`the server listens on ${server.url}`);
    try {
      await untilToldToStop(server.ended);
    } finally {
      await server.close();
    }
    process.exit(0); // native threads of the SDK must not hold a server that has closed
  },
});
