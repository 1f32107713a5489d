/** Follows a backfill to its end: a line redrawn on a terminal, a line for each change in a pipe. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackfillView, Client } from '../client/client.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Output } from '../output.ts';
import { progressLine, showBackfill } from './backfill-progress.ts';
import { patiently } from './follow-run.ts';

const isOver = ({ state }: BackfillView): boolean => state !== 'running' && state !== 'cancelling';

/** 0 when all its cells are done. Ends too when it pauses: nothing happens then until somebody acts. */
export async function followBackfill(client: Client, output: Output, id: string): Promise<ExitCode> {
  const interrupted = (): void => {
    output.note(`\nThe backfill goes on: heddle backfill show ${id} --wait`);
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  try {
    for (let last = ''; ;) {
      const backfill = await patiently(output, () => client.backfill(id));
      if (isOver(backfill)) {
        const { items } = await client.deadCells(id);
        output.document({ ...backfill, dead: items });
        if (!output.json) showBackfill(output, backfill, items);
        return backfill.state === 'done' && backfill.counts.done === backfill.cells ? 0 : 1;
      }
      const line = progressLine(output, backfill);
      const { done, failed } = backfill.counts;
      if (output.terminal) output.redraw(line);
      else if (`${done} ${failed}` !== last) output.note(line);
      last = `${done} ${failed}`;
      await sleep(1_000);
    }
  } finally {
    process.removeListener('SIGINT', interrupted);
  }
}
