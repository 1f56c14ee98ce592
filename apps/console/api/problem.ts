import type { components } from './schema.js';

export type FieldError = { field: string; message: string };

/** What the API answers when it does not do what it was asked (RFC 9457); `code` says which message the reader sees. */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** Names of fields that a form shows as refused: they need not be listed again. */
  shown: string[] = [];

  constructor(
    readonly status: number,
    readonly code: string,
    title: string,
    readonly fields: FieldError[] = [],
    /** Seconds until it makes sense to try again. */
    readonly retryAfter?: number,
    readonly detail?: string,
    readonly requestId?: string,
  ) {
    super(title);
  }

  static async of(response: Response, body: unknown): Promise<Problem> {
    const { code, title, errors, detail, request_id } = (body ?? {}) as Partial<components['schemas']['Problem']>;
    const wait = Number(response.headers.get('retry-after'));
    return new Problem(
      response.status,
      code ?? 'console.unexpected_answer',
      title ?? `${response.status} ${response.statusText}`,
      (errors ?? []) as FieldError[],
      wait > 0 ? wait : undefined,
      detail,
      request_id,
    );
  }
}

/** The server was not reached at all. */
export const unreachable = () => new Problem(0, 'console.unreachable', 'The server cannot be reached.');

export const asProblem = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(0, 'console.failed', error instanceof Error ? error.message : String(error));
