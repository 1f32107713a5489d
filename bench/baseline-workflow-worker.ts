/** The baseline's workflow worker, a process of its own. Environment: BENCH_TEMPORAL. Prints "ready". */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, NativeConnection, Runtime, DefaultLogger, Worker } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('WARN') });
const bundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('./baselines/workflows.ts', import.meta.url)) });
const connection = await NativeConnection.connect({ address: process.env['BENCH_TEMPORAL'] ?? '' });
const worker = await Worker.create({ connection, taskQueue: 'baseline', workflowBundle: bundle, maxConcurrentWorkflowTaskExecutions: 40 });
process.on('SIGTERM', () => {
  worker.shutdown();
});
console.log('ready');
await worker.run();
await connection.close();
