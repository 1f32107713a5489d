/** A table without lines, for terminals and pipes alike. Columns that are empty in every row are left out. */
import Table from 'cli-table3';
import type { Output } from '../output.ts';

const none = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export function table(output: Output, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = head.map((_, column) => rows.some((row) => (row[column] ?? '') !== ''));
  const keep = (row: readonly string[]): string[] => row.filter((_, column) => used[column]);
  const made = new Table({
    head: keep(head).map((text) => output.style('dim', text)),
    chars: none,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  made.push(...rows.map((row) => keep(row).map((text) => text.replaceAll(/\s*\n\s*/g, ' '))));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
