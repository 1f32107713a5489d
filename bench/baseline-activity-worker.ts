/** The baseline's activity worker, a process of its own. Environment: BENCH_TEMPORAL. Prints "ready". */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import * as activities from './baselines/activities.ts';

Runtime.install({ logger: new DefaultLogger('WARN') });
const connection = await NativeConnection.connect({ address: process.env['BENCH_TEMPORAL'] ?? '' });
const worker = await Worker.create({ connection, taskQueue: 'baseline-activities', activities, maxConcurrentActivityTaskExecutions: 200 });
process.on('SIGTERM', () => {
  worker.shutdown();
});
console.log('ready');
await worker.run();
await connection.close();
