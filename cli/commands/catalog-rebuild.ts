/** `heddle catalog rebuild`: fills the catalog from the files that runs left in the store. */
import { defineCommand } from '../define-command.ts';

export const catalogRebuildCommand = defineCommand({
  usage: 'catalog rebuild',
  summary: 'restore the catalog from the run files and journals in the store',
  group: 'Operate',
  examples: [['heddle catalog rebuild', 'what is there already stays']],
  async run({ output, client: connect }) {
    const answer = await (await connect()).rebuildCatalog();
    output.document(answer);
    output.line(`read ${answer.runs} runs and ${answer.models} models; what was in the catalog already stays`);
    if (answer.bad > 0) output.note(`${answer.bad} ${answer.bad === 1 ? 'file' : 'files'} below runs/ or models/journal/ could not be read and were left out`);
  },
});
