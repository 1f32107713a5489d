/** What a server or worker tells the `heddle dev` that started it, over Node's channel between processes. */

import type { ErrorJson } from '../../dsl/errors/heddle-error.ts';

export type ChildMessage =
  | { readonly kind: 'ready'; readonly name: string; readonly address: string | null }
  | { readonly kind: 'refused'; readonly error: ErrorJson };

/** Nothing without a parent that listens. */
export function tellParent(message: ChildMessage): void {
  if (process.send && process.connected) process.send(message);
}
