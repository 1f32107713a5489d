/**
 * The shape of a RunEvent as the OpenLineage specification 2-0-2 and the facets that we use define it, written down by hand
 * from https://openlineage.io/spec/2-0-2/OpenLineage.json and https://openlineage.io/spec/facets/. For tests.
 */
const text = { type: 'string' } as const;
const uri = { type: 'string', pattern: '^[a-z][a-z0-9+.-]*:' } as const;
const uuid = { type: 'string', pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' } as const;
const time = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$' } as const;
/** BaseFacet and what a facet adds. */
const facet = (properties: object = {}, required: readonly string[] = []) => ({
  type: 'object',
  properties: { _producer: uri, _schemaURL: uri, ...properties },
  required: ['_producer', '_schemaURL', ...required],
});
const dataset = {
  type: 'object',
  properties: {
    namespace: text,
    name: text,
    facets: {
      type: 'object',
      additionalProperties: facet(),
      properties: {
        schema: facet({
          fields: { type: 'array', items: { type: 'object', properties: { name: text, type: text, description: text }, required: ['name'] } },
        }),
        dataSource: facet({ name: text, uri }),
        version: facet({ datasetVersion: text }, ['datasetVersion']),
      },
    },
  },
  required: ['namespace', 'name'],
};
export const runEventSchema = {
  type: 'object',
  properties: {
    eventTime: time,
    producer: uri,
    schemaURL: uri,
    eventType: { enum: ['START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER'] },
    run: {
      type: 'object',
      properties: {
        runId: uuid,
        facets: {
          type: 'object',
          additionalProperties: facet(),
          properties: {
            nominalTime: facet({ nominalStartTime: time, nominalEndTime: time }, ['nominalStartTime']),
            parent: facet(
              {
                run: { type: 'object', properties: { runId: uuid }, required: ['runId'] },
                job: { type: 'object', properties: { namespace: text, name: text }, required: ['namespace', 'name'] },
              },
              ['run', 'job'],
            ),
            errorMessage: facet({ message: text, programmingLanguage: text, stackTrace: text }, ['message', 'programmingLanguage']),
            processing_engine: facet({ version: text, name: text }, ['version']),
          },
        },
      },
      required: ['runId'],
    },
    job: {
      type: 'object',
      properties: {
        namespace: text,
        name: text,
        facets: {
          type: 'object',
          additionalProperties: facet(),
          properties: { jobType: facet({ processingType: text, integration: text, jobType: text }, ['processingType', 'integration']) },
        },
      },
      required: ['namespace', 'name'],
    },
    inputs: { type: 'array', items: dataset },
    outputs: { type: 'array', items: dataset },
  },
  required: ['eventTime', 'producer', 'schemaURL', 'eventType', 'run', 'job'],
} as const;
