import { expect, it } from 'vitest';
import { checkDimensions } from '../../calendar/check-dimensions.ts';
import { compileProject } from '../../compiler/compile.ts';
import { tempProject } from '../compiler/temp-project.ts';

it('dimensions that can be give nothing', () => {
  const partitions = { hour: { kind: 'hour', start: '2001-03-01', timezone: 'Europe/Berlin' }, wiki: { kind: 'keys', keys: ['en'] } } as const;
  expect(checkDimensions({ partitions, datasets: {} })).toEqual([]);
});

it('heddle check names a start that is no day and a zone that there is not', { timeout: 60_000 }, async () => {
  using project = tempProject({
    'pipelines/a.ts': `
import { daily, dataset, pipeline, task, z } from 'heddle';
const D = dataset('d', { uri: 'store://d', partitions: daily({ start: '2001-02-30' }), schema: z.object({ n: z.int() }) });
export const read = task({ name: 'read', version: '1', input: z.object({ d: D.slice }), run: async () => {} });
export const a = pipeline({ name: 'a', partitions: daily({ start: '2001-01-01', timezone: 'Europe/Berln' }) }, () => { read({ d: D.at({ day: '2001-03-01' }) }); });
`,
  });
  const { problems } = await compileProject(project.config);
  expect(problems.map(({ code, message, file, line }) => [code, message, file, line])).toEqual([
    ['HDL-BAD-OPTION', expect.stringContaining('The dimension day of the pipeline cannot be: "Europe/Berln" is no time zone'), 'pipelines/a.ts', 5],
    ['HDL-BAD-OPTION', 'The dimension day of dataset d cannot be: The partitions begin on "2001-02-30", which is no day.', 'pipelines/a.ts', 5],
  ]);
});
