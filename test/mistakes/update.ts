// Rewrites the goldens: node --conditions=heddle-source test/mistakes/update.ts. Read the diff before you commit it.
import { writeFileSync } from 'node:fs';
import { CATCHERS, goldenOf, plantMistakes, showCaught } from './plant.ts';

const caught = await plantMistakes();
for (const catcher of CATCHERS) writeFileSync(goldenOf(catcher), showCaught(caught, catcher));
