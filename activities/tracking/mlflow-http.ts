/** Calls of MLflow's REST API over fetch. Its errors are JSON, or a page of HTML, or the raw text of a database: all become one of two. Server. */
export class TrackerAway extends Error {
  /** It does not answer, or not now: the same is tried again later. */
  constructor(why: string) {
    super(why);
    this.name = 'TrackerAway';
  }
}
export class TrackerRefused extends Error {
  readonly code: string;
  /** It will never take this. `code`: MLflow's error_code, or the HTTP status. */
  constructor(code: string, why: string) {
    super(why);
    this.name = 'TrackerRefused';
    this.code = code;
  }
}

export interface MlflowHttp {
  get<T>(path: string, query?: Readonly<Record<string, string>>): Promise<T>;
  post<T>(path: string, body: object, method?: 'POST' | 'PATCH'): Promise<T>;
  /** Below /api/2.0/mlflow-artifacts/artifacts/. */
  put(path: string, bytes: Uint8Array): Promise<void>;
}
const TIMEOUT_MS = 20_000;
const UPLOAD_TIMEOUT_MS = 300_000;

export function mlflowHttp(url: string, token: string | undefined): MlflowHttp {
  const call = async (path: string, init: RequestInit, timeoutMs: number): Promise<unknown> => {
    let response: Response;
    let text: string;
    try {
      const headers = { ...(init.headers as Record<string, string> | undefined), ...(token !== undefined && { authorization: `Bearer ${token}` }) }; // set below
      response = await fetch(`${url}${path}`, { ...init, headers, signal: AbortSignal.timeout(timeoutMs) });
      text = await response.text();
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
      throw new TrackerAway(`${url} does not answer: ${error instanceof Error ? error.message : String(error)} ${cause}`.trim());
    }
    const body = parse(text);
    if (response.ok) {
      if (body === undefined && text !== '') throw new TrackerAway(`${url}${path} answered ${response.status} with no JSON: ${brief(text)}`);
      return body ?? {};
    }
    const { error_code: code, message } = (body ?? {}) as { readonly error_code?: string; readonly message?: string };
    const why = `${init.method ?? 'GET'} ${path}: ${response.status} ${code ?? ''} ${message ?? brief(text)}`;
    if ([401, 403, 408, 425, 429].includes(response.status) || response.status >= 500 || code === 'TEMPORARILY_UNAVAILABLE') throw new TrackerAway(why);
    throw new TrackerRefused(code ?? String(response.status), why);
  };
  const json = { 'content-type': 'application/json' };
  return {
    get: async <T>(path: string, query: Readonly<Record<string, string>> = {}) =>
      (await call(`/api/2.0/mlflow/${path}?${new URLSearchParams(query)}`, { method: 'GET' }, TIMEOUT_MS)) as T, // the caller knows the API
    post: async <T>(path: string, body: object, method: 'POST' | 'PATCH' = 'POST') =>
      (await call(`/api/2.0/mlflow/${path}`, { method, headers: json, body: JSON.stringify(body) }, TIMEOUT_MS)) as T, // as above
    async put(path, bytes) {
      const place = path.split('/').map(encodeURIComponent).join('/');
      await call(`/api/2.0/mlflow-artifacts/artifacts/${place}`, { method: 'PUT', body: Buffer.from(bytes) }, UPLOAD_TIMEOUT_MS);
    },
  };
}

function parse(text: string): object | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
const brief = (text: string): string =>
  text
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
