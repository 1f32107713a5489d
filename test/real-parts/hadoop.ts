/**
 * A real HDFS (Hadoop's MiniDFSCluster in one Java process) for a test file, the demo or a benchmark: jars from the folder in
 * HEDDLE_TEST_HADOOP_LIB, else by Maven into the user's cache, once. Prints version and ports. Without Java or Maven the
 * tests say so (a failure under HEDDLE_REQUIRE_PARTS=all).
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

export interface HadoopPart {
  /** WebHDFS addresses: http://127.0.0.1:PORT. The first one is active at the start. */
  readonly namenodes: readonly string[];
  /** host:port of the DataNodes' WebHDFS, as redirects name them. */
  readonly datanodes: readonly string[];
  readonly pid: number;
  /** A command of HadoopTestbed.java, for instance 'stop-nn 0'. Throws with what it answered. */
  tell(command: string): Promise<void>;
  stop(): Promise<void>;
}
export interface HadoopOptions {
  /** An active and a standby NameNode. */
  readonly ha?: boolean;
  readonly datanodes?: number;
  readonly conf?: Readonly<Record<string, string>>;
}

const VERSION = '3.5.0';
const sources = join(import.meta.dirname, 'hadoop');
const START_MS = 120_000;
const STOP_MS = 30_000;

/** null when an HDFS can be had, else what is missing and how to get it. */
export function hadoopMissing(): string | null {
  const missing = ['java', 'javac', 'jar', ...(process.env['HEDDLE_TEST_HADOOP_LIB'] || existsSync(partFolder()) ? [] : ['mvn'])].filter(
    (program) => !onPath(program),
  );
  if (missing.length === 0) return null;
  const why = `no Hadoop, for want of ${missing.join(', ')}: apt-get install openjdk-17-jdk-headless maven`;
  if (process.env['HEDDLE_REQUIRE_PARTS'] === 'all') throw new Error(why);
  return why;
}

/** Running within some 10 s (the first time longer: jars are fetched). */
export async function startHadoop(options: HadoopOptions = {}): Promise<HadoopPart> {
  const part = preparePart();
  const dir = mkdtempSync(join(tmpdir(), 'heddle-hadoop-'));
  const archive = join(part, 'testbed.jsa');
  const newArchive = existsSync(archive) ? null : join(part, `testbed-${process.pid}-${Date.now()}.jsa`);
  const child = spawn(
    'java',
    [
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Xmx512m',
      '-Xshare:auto',
      // classes are read from an archive, which the first run leaves: the start takes half the time
      newArchive ? `-XX:ArchiveClassesAtExit=${newArchive}` : `-XX:SharedArchiveFile=${archive}`,
      '-cp',
      [join(part, 'testbed.jar'), ...jarsOf(part)].join(delimiter),
      'HadoopTestbed',
      `--dir=${dir}`,
      ...(options.ha ? ['--ha'] : []),
      `--datanodes=${options.datanodes ?? 1}`,
      ...Object.entries(options.conf ?? {}).map(([key, value]) => `--conf=${key}=${value}`),
    ],
    { cwd: dir, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const talk = conversation(child);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await talk.gone;
    clearTimeout(late);
    if (newArchive && existsSync(newArchive)) renameSync(newArchive, archive);
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const ready = (await talk.next(START_MS)) as { pid: number; namenodes: number[]; datanodes: number[] };
    process.stderr.write(`real part: HDFS ${VERSION}, NameNodes on ${ready.namenodes.join(', ')}, DataNodes on ${ready.datanodes.join(', ')}\n`);
    return {
      namenodes: ready.namenodes.map((port) => `http://127.0.0.1:${port}`),
      datanodes: ready.datanodes.map((port) => `127.0.0.1:${port}`),
      pid: ready.pid,
      async tell(command) {
        child.stdin.write(`${command}\n`);
        const { ok, error } = (await talk.next(60_000)) as { ok: boolean; error?: string };
        if (!ok) throw new Error(`the HDFS refused "${command}": ${error}`);
      },
      stop,
    };
  } catch (error) {
    child.kill('SIGKILL');
    await stop();
    throw error;
  }
}

/** Lines of JSON from its stdout, one after the other. */
function conversation(child: ChildProcess): { readonly gone: Promise<void>; next(withinMs: number): Promise<unknown> } {
  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-4000);
    if (process.env['HEDDLE_TEST_HADOOP_LOG']) process.stderr.write(chunk);
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  });
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const first = waiting.shift();
      if (first) first(line);
      else lines.push(line);
    });
  }
  return {
    gone,
    async next(withinMs) {
      let late: NodeJS.Timeout | undefined;
      const line = await Promise.race([
        new Promise<string>((resolve) => {
          const known = lines.shift();
          if (known === undefined) waiting.push(resolve);
          else resolve(known);
        }),
        gone.then(() => Promise.reject(new Error(`the HDFS ended:\n${tail}`))),
        new Promise<never>((_, reject) => {
          late = setTimeout(() => {
            reject(new Error(`the HDFS said nothing within ${withinMs} ms:\n${tail}`));
          }, withinMs);
        }),
      ]);
      clearTimeout(late);
      return JSON.parse(line);
    },
  };
}

const jarsOf = (part: string): string[] => {
  const lib = process.env['HEDDLE_TEST_HADOOP_LIB'] ?? join(part, 'lib');
  return readdirSync(lib)
    .filter((name) => name.endsWith('.jar'))
    .sort()
    .map((name) => join(lib, name));
};
const onPath = (program: string): boolean => (process.env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));

/** One folder for each version of the two source files. */
function partFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const hash = createHash('sha256');
  for (const name of ['pom.xml', 'HadoopTestbed.java']) hash.update(readFileSync(join(sources, name)));
  return join(
    cache,
    'heddle',
    `hadoop-${VERSION}-${hash
      .update(process.env['HEDDLE_TEST_HADOOP_LIB'] ?? '')
      .digest('hex')
      .slice(0, 12)}`,
  );
}

/** Jars and the compiled testbed, made beside and renamed into place: several test files may start at once. */
function preparePart(): string {
  const part = partFolder();
  if (existsSync(part)) return part;
  const missing = hadoopMissing();
  if (missing) throw new Error(missing);
  mkdirSync(join(part, '..'), { recursive: true });
  const work = mkdtempSync(`${part}.`);
  const run = (program: string, args: readonly string[]): void => void execFileSync(program, args, { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    if (!process.env['HEDDLE_TEST_HADOOP_LIB']) {
      process.stderr.write(`real part: fetching HDFS ${VERSION} by Maven (114 MB, once)\n`);
      const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
      run('mvn', ['-B', '-ntp', '-q', '-f', join(sources, 'pom.xml'), goal, `-DoutputDirectory=${join(work, 'lib')}`]);
    }
    run('javac', ['-cp', jarsOf(work).join(delimiter), '-d', join(work, 'classes'), join(sources, 'HadoopTestbed.java')]);
    run('jar', ['cf', join(work, 'testbed.jar'), '-C', join(work, 'classes'), '.']);
    renameSync(work, part);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    if (!existsSync(part)) throw error; // else another process was quicker
  }
  return part;
}
