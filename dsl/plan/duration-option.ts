/** A duration in a step's options: milliseconds, with a problem recorded where it is none. */
import { durationMs } from '../authoring/duration.ts';
import { callerPlace } from './place.ts';
import { shared } from './recording.ts';

export function durationOption(name: string, text: string): number {
  const ms = durationMs(text);
  if (ms === null) shared.current?.problems.push({ code: 'HDL-BAD-DURATION', what: `${name}: '${text}' is no duration.`, where: callerPlace() });
  return ms ?? 1;
}
