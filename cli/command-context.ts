/** What every command gets beside its own arguments. */
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { Client } from './client/client.ts';
import type { Output } from './output.ts';

export interface CommandContext {
  readonly output: Output;
  /** --config FILE. */
  readonly configFile: string | undefined;
  /** The project's configuration. Throws HDL-NO-CONFIG and its kin. */
  config(): Promise<ResolvedConfig>;
  /** For processes that need no pipelines: a missing heddle.config.ts means defaults and variables. */
  serverConfig(): Promise<ResolvedConfig>;
  /** The API's client. Needs no heddle.config.ts where HEDDLE_SERVER names the server. */
  client(): Promise<Client>;
}
