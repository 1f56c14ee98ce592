export type ErrorKind =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media'
  | 'rate_limited'
  | 'unavailable';

export interface ErrorDetails {
  /** One sentence about this occurrence; the title stands in when absent. */
  detail?: string;
  /** Whole seconds until it makes sense to try again; leaves as `Retry-After`. */
  retryAfter?: number;
  /** The credential that was shown is no good: `WWW-Authenticate` says so (RFC 6750 section 3.1). */
  refusedToken?: true;
  /** What a session must have to come here: `WWW-Authenticate` says so (RFC 9470 §3). `maxAge`: seconds since its holder last proved who they are. */
  stepUp?: { acr?: string; maxAge?: number };
  errors?: { field: string; message: string }[];
}

/** A failure a client may see. `code` is public API: never rename or reuse one. */
export class AppError extends Error {
  override readonly name = 'AppError';

  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
  }
}

/** Of a failure that nobody foresaw. */
export const UNFORESEEN = 'server.failure';

const codes = new Set([UNFORESEEN]);

/** Every code that an answer of this program can have: those of the errors that are declared. */
export const problemCodes = (): string[] => [...codes].toSorted();

type Catalogue = Record<string, readonly [ErrorKind, string]>;

/** Declares a module's whole error vocabulary in one place: `throw MfaError.wrongCode()`. */
export function defineErrors<const C extends Catalogue>(module: string, catalogue: C) {
  const factories = Object.entries(catalogue).map(([key, [kind, message]]) => {
    const code = `${module}.${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
    codes.add(code);
    return [key, (details?: ErrorDetails) => new AppError(kind, code, message, details)];
  });
  return Object.fromEntries(factories) as { [K in keyof C]: (details?: ErrorDetails) => AppError };
}

export const RequestError = defineErrors('request', {
  invalid: ['invalid', 'The request does not have the expected form.'],
  malformed: ['invalid', 'The body is not valid JSON.'],
  notFound: ['not_found', 'There is nothing here.'],
  tooLarge: ['too_large', 'The body is larger than 64 KiB.'],
  unsupportedMedia: ['unsupported_media', 'Send the body as application/json.'],
  rateLimited: ['rate_limited', 'Too many requests. Try again later.'],
  badCursor: ['invalid', 'This cursor was not made by this list.'],
});

export const ServerError = defineErrors('server', {
  databaseUnavailable: ['unavailable', 'The database cannot be reached just now. Try again in a moment.'],
  tooMuch: ['unavailable', 'That is too much to be read at once. Ask for fewer days, or for less.'],
  busy: ['unavailable', 'The server is busy. Try again in a moment.'],
});
