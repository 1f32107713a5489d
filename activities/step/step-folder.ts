/** Where a step's own files lie in the store. Any process that reads or writes them imports this. */
import { attemptFile, type AttemptNumber } from '../../storage/attempt-file.ts';
import { stepFolder } from '../../storage/step-folder.ts';

/** Folder of checkpoint, artifacts and item lists of a step; the same for all its attempts. */
export const stepUri = (runId: string, step: string): string => `store://steps/${runId}/${stepFolder(step)}`;

/** The log of an attempt, once it has ended. */
export const logUri = (runId: string, step: string, number: AttemptNumber): string => `store://logs/${runId}/${stepFolder(step)}/${attemptFile(number)}`;

/** What a step gave that others may use: one file for each input of a task's version. */
export const resultUri = (task: string, version: string, key: string): string => `store://results/${stepFolder(`${task}@${version}`)}/${key}.json`;
