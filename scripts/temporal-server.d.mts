import type { ChildProcess } from 'node:child_process';

export interface TemporalOptions {
  dbFile?: string;
  port?: number;
  uiPort?: number;
  ui?: boolean;
  metricsPort?: number;
  namespaces?: string[];
  log?: string;
  binary?: string;
  detached?: boolean;
}
export interface TemporalProcess {
  readonly address: string;
  readonly port: number;
  readonly uiPort: number | null;
  readonly pid: number;
  readonly child: ChildProcess;
  stop(): Promise<void>;
  kill(): void;
}
export function cacheFolder(): string;
export function findTemporal(): { path: string; from: string } | null;
export function ensureTemporal(say?: (line: string) => void): Promise<{ path: string; from: string }>;
export function freePort(): Promise<number>;
export const searchAttributes: readonly string[];
export const dynamicConfig: Readonly<Record<string, unknown>>;
export function startTemporal(options?: TemporalOptions): Promise<TemporalProcess>;
