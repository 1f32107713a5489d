/** The store as steps, publishes and item pages use it: storage/ behind the interfaces of activities/step. Workers and isolated children. */
import type { StepData, StepFiles } from '../activities/step/step-host.ts';
import { stepUri } from '../activities/step/step-folder.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { hasItems, iterateItems, joinPages, readItemsPage, writeItems, writePage } from '../storage/items.ts';
import { openProjectStore } from '../storage/open-file-systems.ts';
import type { Store } from '../storage/store.ts';
import { loadInputs, storeValue } from '../storage/values.ts';
import { publishStaged, sliceData } from './step-slices.ts';
import type { WorkerStorage } from './worker-parts.ts';

export function stepStorage(config: Pick<ResolvedConfig, 'storageRoot' | 'project' | 'hdfs'>): WorkerStorage {
  const store = openProjectStore(config);
  return {
    files: store satisfies StepFiles,
    data: stepData(store),
    publish: (call) => publishStaged(store, call),
    readItems: ({ list, page }) => readItemsPage(store, list, page),
    async writeItems({ runId, step, page, items }) {
      const { uri, count } = await writePage(store, `${stepUri(runId, step)}/pages/${String(page).padStart(5, '0')}.json`, items);
      return { uri, count };
    },
    joinItems: ({ runId, step, pages }) => joinPages(store, `${stepUri(runId, step)}/list`, pages),
  };
}

const stepData = (store: Store): StepData => ({
  loadInputs: (value) => loadInputs(store, value),
  storeValue: async (value, keep, { runId, step }) => ({ ...(await storeValue(store, { runId, step }, value, keep)) }),
  writeItems: (items, folder) => writeItems(store, folder, items),
  readItems: (list) => iterateItems(store, list),
  hasItems: (list) => hasItems(store, list),
  ...sliceData(store),
});
