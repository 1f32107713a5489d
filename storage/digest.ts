/** Digests: sha256 over bytes and over canonical JSON. Used wherever something must be recognised again. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../dsl/plan/canonical-json.ts';
import type { Json, Plan } from '../dsl/plan/types.ts';

/** 64 hex digits. */
export const sha256Hex = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** 'sha256:<64 hex>' of the canonical JSON: the same for equal values on any machine. */
export const digestOf = (value: Json): string => `sha256:${sha256Hex(canonicalJson(value))}`;

/** Hash of a plan, over everything but its places (files and lines, which change with formatting). */
export const planHashOf = (plan: Plan): string =>
  digestOf({ format: plan.format, name: plan.name, owner: plan.owner, skeleton: plan.skeleton, contracts: plan.contracts } as unknown as Json);
