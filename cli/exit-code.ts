/** Exit codes of `heddle`: see docs/cli.md. */
export type ExitCode = 0 | 1 | 2 | 3;
