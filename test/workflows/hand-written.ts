/** Workflows that an author wrote himself, for the tests of workflow steps. Runs in the sandbox of his own worker. */
import { ApplicationFailure, condition } from '@temporalio/workflow';

export const greet = async ({ name }: { name: string }): Promise<{ text: string }> => ({ text: `Hello ${name}` });

export async function refuse({ name }: { name: string }): Promise<never> {
  throw ApplicationFailure.nonRetryable(`no, ${name}`, 'Refused');
}

export async function hang(): Promise<void> {
  await condition(() => false);
}
