/** How long things are kept, with the defaults. Command line and server. */
import { durationMs } from '../dsl/authoring/duration.ts';
import type { CheckedConfig } from './config-schema.ts';
import type { ResolvedConfig } from './resolved-config.ts';

export function retentionOf(written: CheckedConfig['retention'] | null): NonNullable<ResolvedConfig['retention']> {
  const ms = (text: string | undefined, other: string): number => durationMs(text ?? other) ?? 0; // both are durations: checked by the schema
  return {
    generations: { keep: written?.generations?.keep ?? 3, ms: ms(written?.generations?.atLeast, '7d') },
    runsMs: ms(written?.runs, '90d'),
    logsMs: ms(written?.logs, '30d'),
  };
}
