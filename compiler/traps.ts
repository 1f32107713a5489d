/**
 * While a body runs, the clock, randomness, the environment, network, files and other programs throw, with the line that
 * asked. Installed once in the compiling child, before any author's file is imported; asleep outside of bodies.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { framesOf, ownPlace } from './stack.ts';

const here = fileURLToPath(import.meta.url);
const library = [dirname(here) + sep, dirname(dirname(here)) + sep + 'dsl' + sep];
const isLibrary = (file: string): boolean => library.some((folder) => file.startsWith(folder));

type Callable = (...args: never[]) => unknown;
type Methods = Record<string, unknown>;
const require = createRequire(import.meta.url);

let armed = false;
let folder = '';
let caught: HeddleError[] = [];

/** Runs a body. `caught` holds what the traps threw, also where the body swallowed it. */
export function underTraps<T>(body: () => T): { readonly result: T; readonly caught: readonly HeddleError[] } {
  caught = [];
  armed = true;
  try {
    return { result: body(), caught };
  } finally {
    armed = false;
  }
}

/** `shiftMs` moves the clock, so that a second compilation sees another time at import too. */
export function installTraps(options: { readonly folder: string; readonly shiftMs: number }): void {
  folder = options.folder;
  trapClock(options.shiftMs);
  trapRandomness();
  trapEnvironment();
  trapNetwork();
  trapFiles();
  syncBuiltinESMExports(); // named imports of built-in modules see the traps too
}

/** Throws when a body is running; `asked` ends the sentence 'The body ...'. */
function trip(asked: string, fix?: string): void {
  if (!armed) return;
  armed = false; // what follows reads the stack only, but must not trip itself
  const frames = framesOf(new Error()).filter(({ file }) => file !== here);
  armed = true;
  // Node itself reads the environment, say in console.log
  if (frames[0]?.file.startsWith('node:')) return;
  const error = new HeddleError('HDL-IMPURE-BODY', {
    what: `The body ${asked}.`,
    where: ownPlace(frames, folder, isLibrary) ?? undefined,
    why: 'It runs once, when the plan is made; a plan must come out the same on any machine at any time.',
    ...(fix !== undefined && { fix }),
  });
  caught.push(error);
  throw error;
}

const trapped = <F>(call: F, asked: string, fix?: string): F =>
  new Proxy(call as Callable, {
    apply(target, self, args) {
      trip(asked, fix);
      return Reflect.apply(target, self, args) as unknown;
    },
    construct(target, args, newTarget) {
      trip(asked, fix);
      return Reflect.construct(target, args, newTarget) as object;
    },
  }) as F;

function trapMethods(owner: object, asked: (name: string) => string, which: (name: string) => boolean, fix?: string): void {
  const methods = owner as Methods;
  for (const name of Object.keys(Object.getOwnPropertyDescriptors(owner))) {
    const own = Object.getOwnPropertyDescriptor(owner, name);
    if (!which(name) || typeof own?.value !== 'function' || !own.configurable) continue;
    methods[name] = trapped(own.value, asked(name), fix);
  }
}
/** For methods that an object inherits. */
function shadow(owner: object, name: string, asked: string, fix?: string, change: (value: unknown) => unknown = (value) => value): void {
  const inherited = (owner as Methods)[name];
  if (typeof inherited !== 'function') return;
  const bound = inherited.bind(owner) as () => unknown;
  Object.defineProperty(owner, name, { value: trapped((...args: []) => change(bound(...args)), asked, fix), configurable: true, writable: true });
}

function trapClock(shiftMs: number): void {
  const fix = 'Use partition.start or partition.key, or take the time in the run() of a task.';
  const RealDate = Date;
  const now = RealDate.now.bind(RealDate);
  RealDate.now = trapped(() => now() + shiftMs, 'read the clock (Date.now)', fix);
  globalThis.Date = new Proxy(RealDate, {
    construct(target, args, newTarget) {
      if (args.length > 0) return Reflect.construct(target, args, newTarget) as Date;
      trip('read the clock (new Date())', fix);
      return Reflect.construct(target, [now() + shiftMs], newTarget) as Date;
    },
    apply(target) {
      trip('read the clock (Date())', fix);
      return new target(now() + shiftMs).toString();
    },
  });
  shadow(performance, 'now', 'read the clock (performance.now)', fix, (ms) => (ms as number) + shiftMs);
  const { bigint } = process.hrtime;
  process.hrtime = Object.assign(trapped(process.hrtime, 'read the clock (process.hrtime)', fix), {
    bigint: trapped(bigint, 'read the clock (process.hrtime.bigint)', fix),
  });
}

function trapRandomness(): void {
  const fix = 'Draw in the run() of a task, from a seed that is a parameter.';
  Math.random = trapped(Math.random, 'used randomness (Math.random)', fix);
  const asked = (name: string): string => `used randomness (crypto.${name})`;
  trapMethods(require('node:crypto') as object, asked, (name) => /^(random|pseudoRandom|rng$|prng$|generate|getRandomValues$)/.test(name), fix);
  for (const name of ['getRandomValues', 'randomUUID']) shadow(globalThis.crypto, name, asked(name), fix);
}

function trapEnvironment(): void {
  const fix = 'Take it as a parameter of the pipeline, or read it in the run() of a task (ctx.secret for secrets).';
  const ask = (key: string | symbol): void => trip(`read the environment (process.env${typeof key === 'string' ? `.${key}` : ''})`, fix);
  process.env = new Proxy(process.env, {
    get(env, key) {
      ask(key);
      return Reflect.get(env, key) as unknown;
    },
    set(env, key, value) {
      return Reflect.set(env, key, value); // on the real one, which turns values into text
    },
    has(env, key) {
      ask(key);
      return Reflect.has(env, key);
    },
    ownKeys(env) {
      ask('*');
      return Reflect.ownKeys(env);
    },
  });
  trapMethods(
    require('node:os') as object,
    (name) => `asked the machine (os.${name})`,
    (name) => name !== 'EOL',
    fix,
  );
  process.cwd = trapped(process.cwd, 'asked for the current folder (process.cwd)', fix);
}

function trapNetwork(): void {
  const fix = 'Ask in the run() of a task: its output travels to the steps that need it.';
  const used = (module: string) => (name: string) => `used the network (${module}.${name})`;
  const calls: Record<string, RegExp> = {
    http: /^(request|get|createServer)$/,
    https: /^(request|get|createServer)$/,
    http2: /^(connect|create\w*Server)$/,
    net: /^(connect|createConnection|createServer)$/,
    tls: /^(connect|createServer)$/,
    dgram: /^createSocket$/,
    dns: /^(lookup|resolve|reverse)/,
    'dns/promises': /^(lookup|resolve|reverse)/,
  };
  for (const [module, names] of Object.entries(calls)) trapMethods(require(`node:${module}`) as object, used(module), (name) => names.test(name), fix);
  const { Socket } = require('node:net') as typeof import('node:net');
  Socket.prototype.connect = trapped(Socket.prototype.connect, used('net')('Socket.connect'), fix);
  for (const name of ['fetch', 'WebSocket', 'EventSource']) {
    const found = Object.getOwnPropertyDescriptor(globalThis, name);
    const value = (globalThis as unknown as Methods)[name];
    if (found?.configurable && typeof value === 'function')
      Object.defineProperty(globalThis, name, { value: trapped(value, `used the network (${name})`, fix), configurable: true, writable: true });
  }
}

function trapFiles(): void {
  const fix = 'Read it in the run() of a task, or import it as a module at the top of the file.';
  const lower = (name: string): boolean => /^[a-z]/.test(name);
  trapMethods(require('node:fs') as object, (name) => `used a file (fs.${name})`, lower, fix);
  trapMethods(require('node:fs/promises') as object, (name) => `used a file (fs.promises.${name})`, lower, fix);
  trapMethods(
    require('node:child_process') as object,
    (name) => `started a program (child_process.${name})`,
    lower,
    'Start it in the run() of a task, or declare it with command().',
  );
}
