/** HTTPS of the server and mutual TLS to Temporal, with certificates made here. Temporal itself is real; a proxy ends its TLS. */
import { connect } from 'node:net';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/temporal-server.mjs';
import { probeTls } from '../../cli/doctor/probe-tls.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { heddleAsync, project, type Ended } from '../cli/heddle.ts';
import { part, type Part } from '../chaos/part.ts';
import { until } from '../chaos/until.ts';
import { lacksOpenssl, makeCertificates, type Certificates } from '../real-parts/certificates.ts';
import { startTemporal, type TemporalPart } from '../real-parts/temporal.ts';

const lacks = lacksOpenssl();
const pipelineFile = `import { pipeline, task, z } from 'heddle';
export const hello = task({ name: 'tls.hello', version: '1', output: z.string(), run: async () => 'hello' });
export const p = pipeline({ name: 'tls.p' }, () => hello({}, { id: 'hello' }));
`;

/** Takes clients that show a certificate of our authority, and passes their bytes on. */
function mutualProxy({ ca, server }: Certificates, address: string): Promise<{ readonly address: string; close(): Promise<void> }> {
  const [host = '', port = ''] = address.split(':');
  const open = new Set<{ destroy(): void }>();
  const proxy: Server = createTlsServer(
    {
      ca: readFileSync(ca),
      cert: readFileSync(server.cert),
      key: readFileSync(server.key),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    },
    (secure) => {
      const plain = connect({ host, port: Number(port) });
      for (const [from, to] of [
        [secure, plain],
        [plain, secure],
      ] as const) {
        open.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
      }
    },
  );
  proxy.on('tlsClientError', () => undefined);
  return new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', () => {
      const { port: own } = proxy.address() as { port: number }; // a listening TCP server has one
      resolve({
        address: `127.0.0.1:${own}`,
        close: () =>
          new Promise((done) => {
            for (const socket of open) socket.destroy();
            proxy.close(() => done());
          }),
      });
    });
  });
}

describe.skipIf(lacks !== null)('TLS', () => {
  let folder = '';
  let certificates: Certificates;
  let temporal: TemporalPart;
  let proxy: Awaited<ReturnType<typeof mutualProxy>>;
  let made: ReturnType<typeof project>;
  let server: Part;
  let worker: Part;
  let env: Record<string, string>;
  const heddle = (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> =>
    heddleAsync(args, { cwd: made.folder, env: { ...env, ...more } });
  const configFile = (port: number, temporalTls: string, serverTls = "{ cert: 'tls/server.pem', key: 'tls/server.key' }"): string =>
    `import { defineConfig } from 'heddle';\nexport default defineConfig({ project: 'tls', pipelines: ['pipelines/*.ts'], temporal: { address: '${proxy.address}', tls: ${temporalTls} }, server: { listen: '127.0.0.1:${port}', tls: ${serverTls} } });\n`;
  const mutual = "{ ca: 'tls/ca.pem', cert: 'tls/client.pem', key: 'tls/client.key', serverName: 'heddle.test' }";

  beforeAll(async () => {
    made = project({ 'package.json': '{ "type": "module" }', 'pipelines/p.ts': pipelineFile });
    folder = join(made.folder, 'tls');
    mkdirSync(folder);
    certificates = makeCertificates(folder);
    temporal = await startTemporal();
    proxy = await mutualProxy(certificates, temporal.address);
    writeFileSync(join(made.folder, 'heddle.config.ts'), configFile(await freePort(), mutual));
    env = { NODE_EXTRA_CA_CERTS: certificates.ca };
    server = part(['server'], { cwd: made.folder, env });
    worker = part(['worker'], { cwd: made.folder, env });
    await Promise.all([server.start(), worker.start()]);
  }, 300_000);
  afterAll(async () => {
    await worker?.stop();
    await server?.stop();
    await proxy?.close();
    await temporal?.stop();
    made?.remove();
  });

  it('carries a whole run: command line to server, server and worker to Temporal', async () => {
    const { code, stdout, stderr } = await heddle(['run', 'tls.p', '--wait', '--json']);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'done' });
    // the worker's pushes go by HTTPS, too
    await until('the worker is known', async () => /"server: workers",\s+"state": "ok"/.test((await heddle(['doctor', '--json'])).stdout));
  }, 120_000);

  it('is in what doctor shows, with the last day of each certificate', async () => {
    const { stdout } = await heddle(['doctor', '--json']);
    const { values, checks } = JSON.parse(stdout) as { values: { key: string; value: string }[]; checks: { name: string; state: string; detail: string }[] };
    const valueOf = (key: string): string | undefined => values.find((value) => value.key === key)?.value;
    expect([valueOf('temporal.tls'), valueOf('server.tls'), valueOf('server.url')?.startsWith('https://')]).toEqual(['on', 'on', true]);
    const check = (name: string) => checks.find((found) => found.name === name);
    expect(check('temporal')).toMatchObject({ state: 'ok', detail: expect.stringContaining('by TLS with a certificate of ours') });
    for (const name of ['server.tls.cert', 'temporal.tls.ca', 'temporal.tls.cert'])
      expect(check(name)).toMatchObject({ state: 'ok', detail: expect.stringMatching(/until 20\d\d-\d\d-\d\d$/) });
  }, 120_000);

  it('doctor warns of a certificate that ends soon, and refuses one that has ended', () => {
    const config = { server: { tls: certificates.server }, temporal: { tls: null } } as ResolvedConfig; // what the probe reads
    const [now] = probeTls(config);
    const [late] = probeTls(config, Date.now() + 75 * 24 * 3_600_000);
    const [over] = probeTls(config, Date.now() + 91 * 24 * 3_600_000);
    expect([now?.state, late?.state, over?.state]).toEqual(['ok', 'warn', 'bad']);
  });

  it('a client that does not know the authority is told so, and sends no token', async () => {
    const { code, stdout } = await heddle(['runs', '--json'], { NODE_EXTRA_CA_CERTS: '' });
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'HDL-SERVER-UNREACHABLE', what: expect.stringMatching(/certificate/), fix: expect.stringContaining('NODE_EXTRA_CA_CERTS') },
    });
  }, 60_000);

  it('a client that speaks plain HTTP is told to try the other', async () => {
    const { url } = JSON.parse(server.output.split('\n').find((line) => line.startsWith('{"ready":true')) ?? '{}') as { url: string };
    const { code, stdout } = await heddle(['runs', '--json'], { HEDDLE_SERVER: url.replace('https:', 'http:') });
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'HDL-SERVER-UNREACHABLE', fix: expect.stringContaining('https://') } });
  }, 60_000);

  it.each([
    ['without a certificate', "{ ca: 'tls/ca.pem', serverName: 'heddle.test' }", 'HDL-TEMPORAL-UNREACHABLE', 3],
    ['with the wrong name', "{ ca: 'tls/ca.pem', cert: 'tls/client.pem', key: 'tls/client.key', serverName: 'other.test' }", 'HDL-TEMPORAL-UNREACHABLE', 3],
    ['with a file that is not there', "{ ca: 'tls/ca.pem', cert: 'tls/nothing.pem', key: 'tls/client.key' }", 'HDL-TLS-FILE', 2],
    ['with a key where a certificate should be', "{ ca: 'tls/ca.key' }", 'HDL-TLS-FILE', 2],
    ['with half a pair', "{ ca: 'tls/ca.pem', cert: 'tls/client.pem' }", 'HDL-CONFIG-INVALID', 2],
  ])(
    'a worker %s does not start',
    async (_how, tls, code, exit) => {
      const other = join(made.folder, `other-${Math.random().toString(36).slice(2)}.config.ts`);
      writeFileSync(other, configFile(1, tls));
      const ended = await heddle(['worker', '--json', '--config', other]);
      expect(JSON.parse(ended.stdout), ended.stderr).toMatchObject({ error: { code } });
      expect(ended.code).toBe(exit);
    },
    60_000,
  );

  it('a server whose key cannot be read does not start', async () => {
    const other = join(made.folder, 'server.config.ts');
    writeFileSync(other, configFile(await freePort(), mutual, "{ cert: 'tls/server.pem', key: 'tls/server.pem' }"));
    const ended = await heddle(['server', '--json', '--config', other]);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: 'HDL-TLS-FILE', where: 'server.tls.key' } });
    expect(ended.code).toBe(2);
  }, 60_000);
});
