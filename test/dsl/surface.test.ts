import { expect, it } from 'vitest';
import * as heddle from 'heddle';

it('authors import these names and no others', () => {
  expect(Object.keys(heddle).sort()).toEqual([
    'HeddleError', 'all', 'always', 'any', 'approval', 'command', 'daily', 'dataset', 'defineConfig', 'dynamicKeys', 'eq', 'gt', 'gte', 'hourly', 'isNull', 'itemList', 'keys', 'loop', 'lt', 'lte', 'map', 'model', 'modelHandle', 'modelIfAny', 'modelOf', 'monthly', 'not', 'notify', 'pipeline', 'pluck', 'promoteModel', 'registerModel', 'task', 'text', 'waitFor', 'waitForEvent', 'waitForPath', 'weekly', 'when', 'workflowStep', 'z',
  ]);
});
