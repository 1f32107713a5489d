/** A process of its own for cache-errors.test.ts, whose files may not grow: writes until it is refused, and says how. argv: folder. */
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { openCache } from '../../activities/cache/open-cache.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { entriesOf, keysOf } from './entries.ts';

const store = await openCache({ kind: 'embedded', folder: process.argv[2] ?? '' }, 'flights');
await store.create('a');
await store.put(
  'a',
  entriesOf(['k'], () => 0.5),
);
await store.swap(null, 'a', 'run-1');
try {
  for (let part = 0; part < 100; part++)
    await store.put(
      'b',
      entriesOf(keysOf(2_000, `P${part}`), () => 0.5),
    );
  console.log('it was never refused');
} catch (error) {
  console.log(isHeddleError(error) ? `${error.code} ${error.what}` : String(error));
}
console.log(`still served: ${(await cacheReader(store).get('k'))?.score}`);
process.exit(0);
