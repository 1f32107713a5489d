/** HttpFS, TLS with an own authority, SPNEGO, headers and host maps, against a fake WebHDFS: the real cluster has none of them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { HdfsConfig } from '../../dsl/config.ts';
import { Authentication } from '../../storage/hdfs/authentication.ts';
import { HdfsClient } from '../../storage/hdfs/hdfs-client.ts';
import { openProjectStore } from '../../storage/open-file-systems.ts';
import type { Store } from '../../storage/store.ts';
import { startFakeWebHdfs, type FakeWebHdfs } from './fake-webhdfs.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-gateways-'));
let fake: FakeWebHdfs | null = null;
afterEach(async () => {
  await fake?.stop();
  fake = null;
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const store = (config: HdfsConfig): Store =>
  openProjectStore({ storageRoot: 'hdfs://g/root', project: 'p', hdfs: { g: { timeouts: { failoverMs: 300 }, ...config } } });
const text = async (from: Store, uri: string): Promise<string> => Buffer.from(await from.read(uri)).toString();

describe('HttpFS', () => {
  it('takes the data where it is asked, with data=true, and lists without pages', async () => {
    fake = await startFakeWebHdfs();
    const files = store({ namenodes: [fake.base] });
    async function* parts() {
      yield Buffer.from('over ');
      yield Buffer.from('HttpFS');
    }
    await files.write('store://a b%2F', parts());
    expect(await text(files, 'store://a b%2F')).toBe('over HttpFS');
    expect((await files.list('store://')).map(({ uri }) => uri)).toEqual([files.resolve('store://a b%2F')]);
    const sent = fake.requests.filter(({ op, url }) => op === 'CREATE' && url.searchParams.get('data') === 'true');
    expect(sent.map(({ headers }) => headers['content-type'])).toEqual(['application/octet-stream']);
  });
});

describe('every request', () => {
  it('has the header of the guard against forgery, the user and whom he acts for', async () => {
    fake = await startFakeWebHdfs();
    await store({ namenodes: [fake.base], user: 'worker', doas: 'ada' }).write('store://a', Buffer.from('x'));
    expect(fake.requests.length).toBeGreaterThan(3);
    for (const { headers, url } of fake.requests) {
      expect(headers['x-xsrf-header']).toBeDefined();
      expect([url.searchParams.get('user.name'), url.searchParams.get('doas')]).toEqual(['worker', 'ada']);
    }
  });
  it('has the token of the file in the place of a user, and the next one when the file changes', async () => {
    fake = await startFakeWebHdfs();
    const tokenFile = join(folder, 'delegation.token');
    writeFileSync(tokenFile, 'KAAKSm9iKAAKSm9iKAAK\n');
    const files = store({ namenodes: [fake.base], tokenFile, user: 'nobody' });
    await files.write('store://a', Buffer.from('x'));
    const seen = () => [...new Set(fake?.requests.map(({ url }) => `${url.searchParams.get('delegation')} ${url.searchParams.get('user.name')}`))];
    expect(seen()).toEqual(['KAAKSm9iKAAKSm9iKAAK null']);
    writeFileSync(tokenFile, 'KAAKSm9jKAAKSm9jKAAK\n');
    utimesSync(tokenFile, 1, 1);
    await files.read('store://a');
    expect(seen()).toEqual(['KAAKSm9iKAAKSm9iKAAK null', 'KAAKSm9jKAAKSm9jKAAK null']);
  });
  it('goes to the address at which a DataNode is reached from here', async () => {
    const datanode = await startFakeWebHdfs();
    fake = await startFakeWebHdfs({
      before(request, answer) {
        if (!request.url?.includes('op=CREATE')) return false;
        answer.writeHead(200, { 'content-type': 'application/json' });
        answer.end(JSON.stringify({ Location: `http://datanode-7.inside:9864${request.url}&data=true` }));
        return true;
      },
    });
    const files = store({ namenodes: [fake.base], hosts: { 'datanode-7.inside:9864': datanode.base } });
    // the fake NameNode knows nothing of the file: only the way of the bytes is looked at
    await expect(files.write('store://a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'HDL-HDFS-INCOMPLETE',
      message: expect.stringContaining('no file'),
    });
    expect(datanode.requests.map(({ method, op }) => `${method} ${op}`)).toEqual(['PUT CREATE']);
    await datanode.stop();
  });
});

describe('TLS', () => {
  const certificate = (): { key: string; cert: string } => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  };
  it('is trusted by the authority of the configuration, and by nothing less', async () => {
    fake = await startFakeWebHdfs({ tls: certificate() });
    const files = store({ namenodes: [fake.base], tls: { ca: join(folder, 'cert.pem') } });
    await files.write('store://a', Buffer.from('over TLS'));
    expect(await text(files, 'store://a')).toBe('over TLS');
    await expect(store({ namenodes: [fake.base] }).read('store://a')).rejects.toMatchObject({
      code: 'HDL-HDFS-UNREACHABLE',
      message: expect.stringMatching(/self-signed certificate/),
    });
  });
});

describe('Kerberos', () => {
  /** Wants a ticket, and gives a cookie for it. */
  const guarded = () =>
    startFakeWebHdfs({
      before({ headers }, answer) {
        if (headers.cookie === 'hadoop.auth="u=ada&s=1"') return false;
        if (headers.authorization === 'Negotiate dGlja2V0') {
          answer.setHeader('set-cookie', 'hadoop.auth="u=ada&s=1"; Path=/; HttpOnly');
          return false;
        }
        answer.writeHead(401, { 'www-authenticate': 'Negotiate' });
        answer.end();
        return true;
      },
    });
  it('gives its ticket once, and the cookie after that', async () => {
    fake = await guarded();
    const services: string[] = [];
    const kerberos = {
      initializeClient: async (service: string) => {
        services.push(service);
        return { step: async () => 'dGlja2V0' };
      },
    };
    const client = new HdfsClient({ namenodes: [fake.base], auth: 'kerberos' }, async () => kerberos);
    const status = () => client.call({ method: 'GET', names: ['none'], op: 'GETFILESTATUS' });
    for (let i = 0; i < 3; i++) await expect(status()).rejects.toMatchObject({ exception: 'FileNotFoundException' });
    expect(services).toEqual(['HTTP@127.0.0.1']);
    expect(fake.requests.filter(({ headers }) => headers.authorization !== undefined)).toHaveLength(1);
    expect(fake.requests.some(({ url }) => url.searchParams.has('user.name'))).toBe(false);
  });
  it('without its package is told as that, and without a ticket too', async () => {
    fake = await guarded();
    await expect(store({ namenodes: [fake.base], auth: 'kerberos' }).stat('store://a')).rejects.toMatchObject({ code: 'HDL-HDFS-NO-KERBEROS' });
    const none = new Authentication({ auth: 'kerberos' }, async () => ({ initializeClient: () => Promise.reject(new Error('no credentials cache')) }));
    const asks = { status: 401, headers: { 'www-authenticate': 'Negotiate' }, body: null as never };
    await expect(none.negotiate(asks, '127.0.0.1:1')).rejects.toMatchObject({
      code: 'HDL-HDFS-AUTH',
      message: expect.stringContaining('no credentials cache'),
    });
  });
  it('that is asked for and not configured is told as a refusal to know who asks', async () => {
    fake = await guarded();
    await expect(store({ namenodes: [fake.base] }).stat('store://a')).rejects.toMatchObject({ code: 'HDL-HDFS-AUTH' });
  });
});
