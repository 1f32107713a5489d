/** `heddle runs`: lists runs, newest first. */
import { wholeNumber } from '../arguments/whole-number.ts';
import type { Page, RunSummary } from '../../dsl/contract/api.ts';
import type { Client } from '../client/client.ts';
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly pipeline?: string;
  readonly status?: string;
  readonly partition?: string;
  readonly backfill?: string;
  readonly limit: number;
}

export const runsCommand = defineCommand<Options>({
  usage: 'runs',
  summary: 'list runs, newest first',
  group: 'Look',
  examples: [
    ['heddle runs', 'the newest 30'],
    ['heddle runs --pipeline flights.train --status failed', 'those that failed'],
    ['heddle runs --limit 200 --json', 'for a program'],
  ],
  options: (command) =>
    command
      .option('--pipeline <name>', 'of this pipeline')
      .option('--status <status>', 'running, paused, done, failed or cancelled')
      .option('--partition <key>', 'of this partition')
      .option('--backfill <id>', 'of this backfill')
      .option('-n, --limit <count>', 'at most so many', wholeNumber, 30),
  async run({ output, client: connect }, { json: _json, config: _config, ...filter }: Options & { json?: boolean; config?: string }) {
    const client = await connect();
    const page = await newestRuns(client, filter);
    output.document(page);
    if (output.json) return;
    if (page.items.length === 0) return output.line('no runs');
    const [{ table }, { clock, duration }, { statusStyle }] = await Promise.all([
      import('../show/table.ts'),
      import('../show/time.ts'),
      import('../show/status-style.ts'),
    ]);
    output.line(
      table(
        output,
        ['RUN', 'PIPELINE', 'PARTITION', 'STATE', 'STARTED', 'TOOK', 'BY', 'REASON'],
        page.items.map((run) => [
          run.runId,
          run.pipeline,
          run.partition ?? '',
          output.style(statusStyle(run.status), run.status),
          clock(run.createdAt),
          run.startedAt === null ? '' : duration((run.endedAt ?? Date.now()) - run.startedAt),
          run.startedBy,
          run.failure === null ? '' : run.failure.slice(0, 80),
        ]),
      ),
    );
    if (page.next !== null) output.note(`there are more: --limit ${filter.limit * 2}`);
  },
});

/** Most that the server gives at once. */
const PAGE = 500;

async function newestRuns(client: Client, filter: Options): Promise<Page<RunSummary>> {
  let page = await client.runs({ ...filter, limit: Math.min(PAGE, filter.limit) });
  const items = [...page.items];
  while (page.next !== null && items.length < filter.limit) {
    page = await client.runs({ ...filter, limit: Math.min(PAGE, filter.limit - items.length), cursor: page.next });
    items.push(...page.items);
  }
  return { items, next: page.next };
}
