/**
 * The catalog's tables, one function a schema version, applied in order when a catalog is opened. Never change one that has
 * been released: add the next. The same statements run on SQLite and PostgreSQL.
 */
import { sql, type Kysely } from 'kysely';

type Database = Kysely<unknown>;

/** migrations[n] brings a catalog from version n to n + 1. */
export const migrations: readonly ((db: Database) => Promise<void>)[] = [
  first,
  lineage,
  publications,
  tries,
  backfills,
  reuse,
  partitionStates,
  schedules,
  runIndices,
];

export const SCHEMA_VERSION = migrations.length;

async function first(db: Database): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('plans')
    .addColumn('hash', 'text', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('owner', 'text')
    .addColumn('plan', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('plans_by_name').on('plans').columns(['project', 'name', 'created_at']).execute();

  await schema
    .createTable('runs')
    .addColumn('run_id', 'text', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('pipeline', 'text', (c) => c.notNull())
    .addColumn('partition', 'text')
    .addColumn('scope', 'text')
    .addColumn('plan_hash', 'text', (c) => c.notNull())
    .addColumn('params', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('started_by', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('touched_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('workflow_id', 'text', (c) => c.notNull())
    .addColumn('retry', 'integer', (c) => c.notNull())
    .addColumn('parent_run_id', 'text')
    .addColumn('parent_step', 'text')
    .addColumn('called', 'integer', (c) => c.notNull())
    .addColumn('backfill', 'text')
    .addColumn('counts', 'text', (c) => c.notNull())
    .addColumn('failure', 'text')
    .addColumn('failures', 'text', (c) => c.notNull())
    .addColumn('abandoned', 'text', (c) => c.notNull())
    .addColumn('output', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('runs_by_pipeline').on('runs').columns(['project', 'pipeline', 'run_id']).execute();
  await schema.createIndex('runs_by_status').on('runs').columns(['project', 'status', 'run_id']).execute();

  await schema
    .createTable('steps')
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('seq', 'integer', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('task', 'text')
    .addColumn('version', 'text')
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('waiting_for', 'text')
    .addColumn('queued_at', 'bigint')
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('failure', 'text')
    .addColumn('worker', 'text')
    .addColumn('run_ms', 'bigint')
    .addColumn('wait_ms', 'bigint', (c) => c.notNull())
    .addColumn('output', 'text', (c) => c.notNull())
    .addColumn('meta', 'text')
    .addPrimaryKeyConstraint('steps_key', ['run_id', 'step'])
    .execute();
  await schema.createIndex('steps_in_order').on('steps').columns(['run_id', 'seq']).execute();

  await schema
    .createTable('attempts')
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('attempt', 'integer', (c) => c.notNull())
    .addColumn('worker', 'text')
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('failure', 'text')
    .addColumn('observed', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('attempts_key', ['run_id', 'step', 'attempt'])
    .execute();

  await schema
    .createTable('run_pages')
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('retry', 'integer', (c) => c.notNull())
    .addColumn('page', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('run_pages_key', ['run_id', 'retry', 'page'])
    .execute();

  await schema
    .createTable('keys')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('pipeline', 'text', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('keys_key', ['project', 'pipeline', 'key'])
    .execute();

  await schema
    .createTable('waits')
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('workflow_id', 'text', (c) => c.notNull())
    .addColumn('plan_hash', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('since', 'bigint', (c) => c.notNull())
    .addColumn('deadline', 'bigint', (c) => c.notNull())
    .addColumn('why', 'text')
    .addColumn('satisfied_at', 'bigint')
    .addColumn('value', 'text')
    .addColumn('sent_at', 'bigint')
    .addColumn('sends', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('waits_key', ['run_id', 'step'])
    .execute();
  await schema.createIndex('waits_by_kind').on('waits').columns(['project', 'kind', 'since']).execute();

  await schema
    .createTable('pins')
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('request', 'text', (c) => c.notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('pins_key', ['run_id', 'request'])
    .execute();

  await schema
    .createTable('models')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('models_key', ['project', 'name'])
    .execute();
  await schema
    .createTable('model_versions')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('uri', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('details', 'text', (c) => c.notNull())
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('model_versions_key', ['project', 'name', 'version'])
    .addUniqueConstraint('model_versions_once', ['run_id', 'step', 'name'])
    .execute();
  await schema
    .createTable('aliases')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('alias', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('changed_at', 'bigint', (c) => c.notNull())
    .addColumn('changed_by', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('aliases_key', ['project', 'name', 'alias'])
    .execute();
  await schema
    .createTable('alias_history')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('alias', 'text', (c) => c.notNull())
    .addColumn('from_version', 'integer')
    .addColumn('to_version', 'integer', (c) => c.notNull())
    .addColumn('changed_by', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('run_id', 'text')
    .addColumn('step', 'text')
    .execute();
  await schema.createIndex('alias_history_once').on('alias_history').columns(['run_id', 'step']).execute();

  await schema
    .createTable('audit')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('who', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('target', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('audit_by_target').on('audit').columns(['project', 'target', 'id']).execute();

  await schema
    .createTable('workers')
    .addColumn('worker', 'text', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('hello', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .execute();

  await schema
    .createTable('step_events')
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('attempt', 'integer', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('step_events_key', ['run_id', 'step', 'attempt', 'kind'])
    .execute();
  await schema.createIndex('step_events_by_time').on('step_events').columns(['at']).execute();
}

/** Why an alias moved; what runs read and made; which ended runs that is known of; what waits to be sent outside. */
async function lineage(db: Database): Promise<void> {
  const { schema } = db;
  await schema.alterTable('alias_history').addColumn('note', 'text').execute();
  await schema
    .createTable('lineage')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('io', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('lineage_key', ['run_id', 'step', 'io', 'kind', 'name', 'version', 'digest'])
    .execute();
  await schema.createIndex('lineage_by_thing').on('lineage').columns(['project', 'kind', 'name', 'version', 'io']).execute();
  await schema
    .createTable('run_lineage')
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('retry', 'integer', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('run_lineage_key', ['run_id', 'retry'])
    .execute();
  await schema
    .createTable('outbox')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('target', 'text', (c) => c.notNull())
    .addColumn('seq', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('sent_at', 'bigint')
    .addColumn('failure', 'text')
    .execute();
  await schema.createIndex('outbox_waiting').on('outbox').columns(['project', 'target', 'sent_at', 'seq']).execute();
}

/** Generations of partitions, as the server gave them out. */
async function publications({ schema }: Database): Promise<void> {
  await schema
    .createTable('publications')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('uri', 'text', (c) => c.notNull())
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('generation', 'integer', (c) => c.notNull())
    .addColumn('dataset', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('run_id', 'text')
    .addColumn('step', 'text')
    .addColumn('staging', 'text', (c) => c.notNull())
    .addColumn('manifest', 'text', (c) => c.notNull())
    .addColumn('rows', 'bigint', (c) => c.notNull())
    .addColumn('bytes', 'bigint', (c) => c.notNull())
    .addColumn('issued_at', 'bigint', (c) => c.notNull())
    .addColumn('published_at', 'bigint')
    .addColumn('who', 'text')
    .addColumn('note', 'text')
    .addPrimaryKeyConstraint('publications_key', ['project', 'uri', 'path', 'generation'])
    .execute();
  await schema.createIndex('publications_by_run').on('publications').columns(['run_id', 'step']).execute();
  await schema.createIndex('publications_by_dataset').on('publications').columns(['project', 'dataset', 'path']).execute();
}

/** Attempts and events know the retry that they belong to; runs, whether they take results of others; and what the server has yet to do. */
async function tries(db: Database): Promise<void> {
  const { schema } = db;
  await schema
    .alterTable('runs')
    .addColumn('cache', 'integer', (c) => c.notNull().defaultTo(1))
    .execute();
  // a key cannot be widened in place on SQLite
  await schema
    .createTable('attempts_of_tries')
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('retry', 'integer', (c) => c.notNull())
    .addColumn('attempt', 'integer', (c) => c.notNull())
    .addColumn('worker', 'text')
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('failure', 'text')
    .addColumn('observed', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('attempts_of_tries_key', ['run_id', 'step', 'retry', 'attempt'])
    .execute();
  await sql`insert into attempts_of_tries (run_id, step, retry, attempt, worker, started_at, ended_at, failure, observed)
    select run_id, step, 0, attempt, worker, started_at, ended_at, failure, observed from attempts`.execute(db);
  await schema.dropTable('attempts').execute();
  await schema.alterTable('attempts_of_tries').renameTo('attempts').execute();
  await schema
    .createTable('events_of_tries')
    .addColumn('run_id', 'text', (c) => c.notNull())
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('retry', 'integer', (c) => c.notNull())
    .addColumn('attempt', 'integer', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('events_of_tries_key', ['run_id', 'step', 'retry', 'attempt', 'kind'])
    .execute();
  // what was pushed is pruned within days, and of no use to what comes: not copied
  await schema.dropTable('step_events').execute();
  await schema.alterTable('events_of_tries').renameTo('step_events').execute();
  await schema.createIndex('step_events_by_time').on('step_events').columns(['at']).execute();

  await schema
    .createTable('chores')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('due_at', 'bigint', (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('done_at', 'bigint')
    .addColumn('failure', 'text')
    .execute();
  await schema.createIndex('chores_due').on('chores').columns(['project', 'done_at', 'due_at']).execute();
}

/** Backfills: what was planned, in pages; how each cell ended; and what lies in the store of each partition, for the planner. */
async function backfills(db: Database): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('backfills')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('pipeline', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('spec', 'text', (c) => c.notNull())
    .addColumn('summary', 'text', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('cells', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('redo_of', 'text')
    .addColumn('done', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('failed', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('cancelled', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('blocked', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('slot_ms', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('in_a_row', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('since', 'text')
    .addColumn('why', 'text')
    .addColumn('report', 'text')
    .execute();
  await schema.createIndex('backfills_by_state').on('backfills').columns(['project', 'state', 'id']).execute();
  await schema
    .createTable('backfill_pages')
    .addColumn('backfill', 'text', (c) => c.notNull())
    .addColumn('page', 'integer', (c) => c.notNull())
    .addColumn('pipeline', 'text', (c) => c.notNull())
    .addColumn('plan_hash', 'text', (c) => c.notNull())
    .addColumn('after', 'text', (c) => c.notNull())
    .addColumn('first_cell', 'integer', (c) => c.notNull())
    .addColumn('count', 'integer', (c) => c.notNull())
    .addColumn('cells', 'text', (c) => c.notNull())
    .addColumn('ended', 'integer', (c) => c.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('backfill_pages_key', ['backfill', 'page'])
    .execute();
  await schema
    .createTable('backfill_outcomes')
    .addColumn('backfill', 'text', (c) => c.notNull())
    .addColumn('cell', 'integer', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('run_id', 'text')
    .addColumn('failure', 'text')
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('slot_ms', 'text')
    .addPrimaryKeyConstraint('backfill_outcomes_key', ['backfill', 'cell'])
    .execute();
  await schema.createIndex('backfill_outcomes_by_status').on('backfill_outcomes').columns(['backfill', 'status', 'cell']).execute();
}

/** A run may begin with the finished steps of another one. */
async function reuse({ schema }: Database): Promise<void> {
  await schema.alterTable('runs').addColumn('reuse_of', 'text').execute();
}

/** What lies in the store of each partition, for the planner: at most 350 bytes each. */
async function partitionStates({ schema }: Database): Promise<void> {
  await schema.createIndex('runs_by_partition').on('runs').columns(['project', 'pipeline', 'partition', 'created_at']).execute();
  await schema
    .createTable('partition_datasets')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('uri', 'text', (c) => c.notNull())
    .addUniqueConstraint('partition_datasets_uri', ['project', 'uri'])
    .execute();
  await schema
    .createTable('partition_producers')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('task', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('code_digest', 'text', (c) => c.notNull())
    .addUniqueConstraint('partition_producers_names', ['task', 'version', 'code_digest'])
    .execute();
  await schema
    .createTable('partition_states')
    .addColumn('dataset', 'integer', (c) => c.notNull())
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('generation', 'integer', (c) => c.notNull())
    .addColumn('manifest', 'text')
    .addColumn('producer', 'integer', (c) => c.notNull())
    .addColumn('made_by', 'text')
    .addColumn('published_at', 'bigint', (c) => c.notNull())
    .addColumn('pinned_at', 'bigint', (c) => c.notNull())
    .addColumn('rows', 'bigint', (c) => c.notNull())
    .addColumn('bytes', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('partition_states_key', ['dataset', 'path'])
    .execute();
}

/** What is applied, its schedules with their ticks, events that trigger, and alerts. */
async function schedules({ schema }: Database): Promise<void> {
  await schema
    .createTable('deployments')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('plans', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('who', 'text', (c) => c.notNull())
    .addColumn('note', 'text')
    .addPrimaryKeyConstraint('deployments_key', ['project', 'version'])
    .execute();
  await schema
    .createTable('schedules')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('pipeline', 'text', (c) => c.notNull())
    .addColumn('definition', 'text', (c) => c.notNull())
    .addColumn('next_nominal', 'bigint')
    .addColumn('next_at', 'bigint')
    .addColumn('paused_at', 'bigint')
    .addColumn('paused_by', 'text')
    .addColumn('note', 'text')
    .addPrimaryKeyConstraint('schedules_key', ['project', 'pipeline'])
    .execute();
  await schema.createIndex('schedules_due').on('schedules').columns(['project', 'next_at']).execute();
  await schema
    .createTable('ticks')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('pipeline', 'text', (c) => c.notNull())
    .addColumn('nominal', 'bigint', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('due_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('runs', 'text', (c) => c.notNull())
    .addColumn('why', 'text')
    .addPrimaryKeyConstraint('ticks_key', ['project', 'pipeline', 'nominal'])
    .execute();
  await schema.createIndex('ticks_open').on('ticks').columns(['project', 'state', 'nominal']).execute();
  await schema
    .createTable('trigger_events')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('key', 'text')
    .addColumn('version', 'bigint', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('trigger_events_by_project').on('trigger_events').columns(['project', 'id']).execute();
  await schema
    .createTable('trigger_targets')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('pipeline', 'text', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('version', 'bigint', (c) => c.notNull())
    .addColumn('started', 'bigint', (c) => c.notNull())
    .addColumn('due_at', 'bigint')
    .addColumn('why', 'text', (c) => c.notNull())
    .addColumn('run_id', 'text')
    .addPrimaryKeyConstraint('trigger_targets_key', ['project', 'pipeline', 'key'])
    .execute();
  await schema.createIndex('trigger_targets_due').on('trigger_targets').columns(['project', 'due_at']).execute();
  await schema
    .createTable('alerts')
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('cause', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('opened_at', 'bigint', (c) => c.notNull())
    .addColumn('resolved_at', 'bigint')
    .addPrimaryKeyConstraint('alerts_key', ['project', 'cause', 'opened_at'])
    .execute();
  await schema.createIndex('alerts_open').on('alerts').columns(['project', 'resolved_at', 'cause']).execute();
}

/** Listings of a project's runs by time, the runs that a run called, those of a backfill: without these each read the whole table. */
async function runIndices({ schema }: Database): Promise<void> {
  await schema.createIndex('runs_by_time').on('runs').columns(['project', 'created_at', 'run_id']).execute();
  await schema.createIndex('runs_by_parent').on('runs').columns(['parent_run_id', 'status']).execute();
  await schema.createIndex('runs_by_backfill').on('runs').columns(['backfill', 'status']).execute();
}
