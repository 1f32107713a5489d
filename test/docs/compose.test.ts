/** docker-compose.yml against the schema of the Compose Specification, and what the schema cannot see. It is never run here. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commands } from '../../cli/commands.ts';
import { variables } from '../../config/variables.ts';

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly configs?: readonly { readonly source: string }[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: unknown;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const load = (text: string): Compose => parse(text, { merge: true }) as Compose; // its shape is what the first test shows
const text = read('../../docker-compose.yml');
const compose = load(text);
const services = Object.entries(compose.services);
const ownServices = services.filter(([, { command }]) => command?.[1] === 'heddle');

const { $schema: _dialect, ...schema } = JSON.parse(read('./compose-spec.json')) as Record<string, unknown>;
// Its formats (duration, ports, subnet_ip_address) are Compose's own, which ajv does not know.
const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);

describe('docker-compose.yml', () => {
  it('fits the schema of the Compose Specification', () => {
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });
  it('would not fit with a mistake in it', () => {
    expect(validate(load(text.replace('healthcheck:', 'healthchek:')))).toBe(false);
    expect(validate(load(text.replace('retries: 20', 'retries: often').replace("ports: ['127", "ports: [{ wrong: 1 }, '127")))).toBe(false);
  });
  it('names services, volumes and configs that are declared', () => {
    for (const [name, { depends_on: needs = [], volumes = [], configs = [] }] of services) {
      for (const other of Array.isArray(needs) ? needs : Object.keys(needs)) expect(compose.services, name).toHaveProperty([String(other)]);
      for (const { source } of configs) expect(compose.configs, name).toHaveProperty([source]);
      for (const volume of volumes) if (/^\w/.test(volume)) expect(compose.volumes, name).toHaveProperty([volume.split(':')[0] ?? '']);
    }
  });
  it('waits for the health of services that have a health check', () => {
    for (const { depends_on: needs } of Object.values(compose.services)) {
      for (const [other, { condition }] of Object.entries(Array.isArray(needs) || !needs ? {} : needs)) {
        if (condition === 'service_healthy') expect(compose.services[other]?.healthcheck, other).toBeDefined();
      }
    }
  });
  it('publishes ports on the loopback only, and never the port of Temporal or of a database', () => {
    const ports = services.flatMap(([, { ports: published = [] }]) => published);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(8080|8233):\1$/);
  });
  it('starts our processes by commands and variables that there are', () => {
    expect(ownServices.map(([name]) => name)).toEqual(['server', 'worker-default', 'worker-hadoop']);
    const known = [...Object.keys(variables), 'HEDDLE_TOKEN'];
    for (const [name, { command = [], environment = {} }] of ownServices) {
      expect(
        commands.map(({ usage }) => usage.split(' ')[0]),
        name,
      ).toContain(command[2]);
      for (const variable of Object.keys(environment)) expect(known, name).toContain(variable);
    }
  });
  it('has configuration of Temporal that is YAML of the form that Temporal reads', () => {
    const settings = parse(compose.configs['temporal-dynamic']?.content ?? '') as Record<string, { value: unknown }[]>;
    expect(Object.keys(settings).length).toBeGreaterThan(3);
    for (const values of Object.values(settings)) expect(values).toEqual([{ value: expect.anything() as unknown }]);
  });
});
