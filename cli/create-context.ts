/** Makes a command's context; configuration and client are loaded when a command asks for them, so that --help stays quick. */
import type { CommandContext } from './command-context.ts';
import { createOutput } from './output.ts';

export function createContext(options: { readonly json: boolean; readonly configFile: string | undefined }): CommandContext {
  const load = async (required: boolean) => {
    const { loadConfig } = await import('../config/load-config.ts');
    return loadConfig({ required, ...(options.configFile !== undefined && { file: options.configFile }) });
  };
  return {
    output: createOutput(options.json),
    configFile: options.configFile,
    config: () => load(true),
    serverConfig: () => load(false),
    async client() {
      const config = await load(!process.env['HEDDLE_SERVER']);
      const { createClient } = await import('./client/client.ts');
      return createClient(config);
    },
  };
}
