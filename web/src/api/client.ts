/** Talking to the server: JSON in and out, problems as exceptions that say what to do. */

export interface ApiProblem {
  type?: string; title?: string; status: number; detail?: string;
  problems?: { path: string; code: string; severity: "error" | "warning"; message: string }[];
  [key: string]: unknown;
}

/** The server answered, and the answer was no. */
export class Refused extends Error {
  constructor(readonly problem: ApiProblem) {
    super(problem.detail ?? problem.title ?? `HTTP ${problem.status}`);
  }
  get status(): number { return this.problem.status; }
}

/** The server could not be reached at all. */
export class Offline extends Error {}

let csrf = "";
export const csrfToken = (): string => csrf;
export const trust = (token: string): void => { csrf = token; };

export interface Answer<T> { body: T; etag: string }

export async function ask<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
  const raw = body instanceof Blob || typeof body === "string" || body instanceof FormData;
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(body === undefined || raw ? {} : { "Content-Type": "application/json" }),
        ...(method === "GET" ? {} : { "X-CSRF-Token": csrf }),
        ...headers,
      },
      body: body === undefined ? null : raw ? (body as BodyInit) : JSON.stringify(body),
    });
  } catch {
    throw new Offline("no connection");
  }
  const type = response.headers.get("Content-Type") ?? "";
  const content: unknown = response.status === 204 ? undefined : type.includes("json") ? await response.json() : await response.text();
  if (!response.ok) {
    if (response.status === 502 || response.status === 503 || response.status === 504) throw new Offline("no server");
    throw new Refused({ ...(typeof content === "object" ? (content as object) : { detail: String(content).slice(0, 300) }), status: response.status });
  }
  return { body: content as T, etag: response.headers.get("ETag") ?? "" };
}

export const get = async <T>(path: string): Promise<T> => (await ask<T>("GET", path)).body;
export const post = async <T>(path: string, body?: unknown): Promise<T> => (await ask<T>("POST", path, body ?? {})).body;
export const send = async <T>(method: string, path: string, body?: unknown): Promise<T> => (await ask<T>(method, path, body)).body;
/** A list may come whole, or as a page of one. */
export interface Page<T> { items: T[]; next?: string | null }
export const listed = <T>(found: Page<T> | T[] | undefined): T[] => (Array.isArray(found) ? found : (found?.items ?? []));
