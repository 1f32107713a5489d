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
    output.line(`restored ${answer.runs} runs and ${answer.models} model versions`);
  },
});
