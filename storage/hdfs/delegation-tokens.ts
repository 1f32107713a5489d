/**
 * Delegation tokens of a cluster: fetched by whoever can prove who he is, renewed (a day at a time, up to a week by Hadoop's
 * defaults), cancelled. docs/operating-hdfs.md shows the same with curl.
 */
import type { HdfsClient } from './hdfs-client.ts';

/** The token's URL form. `renewer`: the account that may renew it. */
export async function fetchToken(client: HdfsClient, renewer: string): Promise<string> {
  const { Token } = await client.call<{ Token: { urlString: string } }>({ method: 'GET', names: [], op: 'GETDELEGATIONTOKEN', parameters: { renewer } });
  return Token.urlString;
}

/** Until when it lives then, in ms since the epoch. */
export async function renewToken(client: HdfsClient, token: string): Promise<number> {
  return (await client.call<{ long: number }>({ method: 'PUT', names: [], op: 'RENEWDELEGATIONTOKEN', parameters: { token } })).long;
}

export async function cancelToken(client: HdfsClient, token: string): Promise<void> {
  await client.call({ method: 'PUT', names: [], op: 'CANCELDELEGATIONTOKEN', parameters: { token } });
}
