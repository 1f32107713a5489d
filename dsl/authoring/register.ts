/**
 * Names that a project declares for the compiler, by declaration merging:
 * `declare module 'heddle' { interface Register { pools: 'hadoop' | 'gpu'; classes: 'small' | 'large' } }`
 */
// An empty interface is the point: projects merge into it.
export interface Register {}
export type Pool = Register extends { pools: infer P } ? P : string;
export type ResourceClass = Register extends { classes: infer C } ? C : string;
