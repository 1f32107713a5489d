/**
 * A real Cassandra node for a test file: HEDDLE_TEST_CASSANDRA (host:port of one that runs) -> the jars of Maven Central, put into
 * the user's cache by `mvn`. Prints version and port; gone afterwards. Without them the tests say so (a failure under
 * HEDDLE_REQUIRE_PARTS=all). Starting takes 6 to 15 s and 600 MB: once a file.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/temporal-server.mjs';
import { listening, onPath, partsFolder, stopChild } from './redis.ts';

export interface CassandraPart {
  /** host:port */
  readonly contactPoint: string;
  readonly localDataCenter: string;
  /** 0 for one that ran already. */
  readonly pid: number;
  stop(): Promise<void>;
}
const VERSION = '5.0.6';
const GET_IT = 'no Cassandra: have java 17 and mvn (it brings the jars), or set HEDDLE_TEST_CASSANDRA=host:port';

/** null when a Cassandra can be had, else what is missing and how to get it. */
export function cassandraMissing(): string | null {
  if (process.env['HEDDLE_TEST_CASSANDRA'] || (onPath('java') && (existsSync(libFolder()) || onPath('mvn')))) return null;
  if (process.env['HEDDLE_REQUIRE_PARTS'] === 'all') throw new Error(GET_IT);
  return GET_IT;
}

const libFolder = (): string => join(partsFolder(), `cassandra-${VERSION}`);

function jars(): string {
  const folder = libFolder();
  if (existsSync(folder)) return folder;
  const making = `${folder}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  try {
    writeFileSync(join(making, 'pom.xml'), POM);
    const done = spawnSync('mvn', ['-q', '-B', '-f', join(making, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${join(making, 'lib')}`], {
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(`mvn could not bring the jars of Cassandra ${VERSION}:\n${done.stdout}${done.stderr}`);
    if (!existsSync(folder)) renameSync(join(making, 'lib'), folder);
    return folder;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

export async function startCassandra(): Promise<CassandraPart> {
  const given = process.env['HEDDLE_TEST_CASSANDRA'];
  if (given) return { contactPoint: given, localDataCenter: 'datacenter1', pid: 0, stop: async () => {} };
  const lib = jars();
  const folder = mkdtempSync(join(tmpdir(), 'heddle-cassandra-'));
  const [port, storagePort] = [await freePort(), await freePort()];
  writeFileSync(join(folder, 'cassandra.yaml'), yaml(port, storagePort));
  writeFileSync(join(folder, 'logback.xml'), LOGBACK);
  const agent = readdirSync(lib).find((jar) => jar.startsWith('jamm-'));
  const opened = ['java.lang', 'java.io', 'java.nio', 'jdk.internal.misc', 'jdk.internal.ref', 'sun.nio.ch'].flatMap((name) => [
    '--add-opens',
    `java.base/${name}=ALL-UNNAMED`,
    '--add-exports',
    `java.base/${name}=ALL-UNNAMED`,
  ]);
  const server = spawn(
    'java',
    [
      ...['-Xmx512m', '-Xms256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...opened],
      ...['-Djdk.attach.allowAttachSelf=true', `-javaagent:${join(lib, agent ?? '')}`, `-Dcassandra.config=file://${folder}/cassandra.yaml`],
      ...[`-Dcassandra.storagedir=${folder}`, '-Dcassandra-foreground=yes', `-Dlogback.configurationFile=${folder}/logback.xml`, '-Dcassandra.ring_delay_ms=0'],
      ...['-Dcassandra.skip_wait_for_gossip_to_settle=0', '-Dcassandra.superuser_setup_delay_ms=0', '-Dcassandra.skip_schema_check=true'],
      ...['-cp', join(lib, '*'), 'org.apache.cassandra.service.CassandraDaemon'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const stop = async (): Promise<void> => {
    if (server.exitCode === null) server.kill('SIGKILL'); // its data go too: a drain of six seconds serves nobody
    await stopChild(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listening(server, port, 120_000);
  } catch (error) {
    await stop();
    throw error;
  }
  process.stderr.write(`real part: Cassandra ${VERSION} on port ${port}\n`);
  return { contactPoint: `127.0.0.1:${port}`, localDataCenter: 'datacenter1', pid: server.pid ?? 0, stop };
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>heddle</groupId><artifactId>cassandra-for-tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency><groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>${VERSION}</version></dependency></dependencies>
</project>
`;
const LOGBACK = `<configuration>
  <appender name="err" class="ch.qos.logback.core.ConsoleAppender"><target>System.err</target><encoder><pattern>%d %-5level %logger{0} %msg%n</pattern></encoder></appender>
  <root level="WARN"><appender-ref ref="err"/></root>
</configuration>
`;
const yaml = (port: number, storagePort: number): string => `cluster_name: heddle-tests
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
num_tokens: 1
endpoint_snitch: SimpleSnitch
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
storage_port: ${storagePort}
native_transport_port: ${port}
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "127.0.0.1:${storagePort}"
commitlog_sync: periodic
commitlog_sync_period: 10000ms
commitlog_segment_size: 4MiB
file_cache_size: 32MiB
memtable_heap_space: 64MiB
memtable_offheap_space: 64MiB
auto_snapshot: false
`;
