/** Names of the search attributes (all Keyword) of every workflow of a run. Pure; anybody may import this. */
export const searchAttributeNames = {
  project: 'HeddleProject',
  partition: 'HeddlePartition',
  status: 'HeddleStatus',
  plan: 'HeddlePlan',
  runId: 'HeddleRunId',
  backfill: 'HeddleBackfill',
} as const;
