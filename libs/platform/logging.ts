import { Logger as NestPinoLogger, PinoLogger } from 'nestjs-pino';
import { type DestinationStream, pino } from 'pino';
import { config } from './config.js';

/** Names whose values never reach a log, at any depth pino can reach; the logs name what they print, so this is the second net. */
export const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'current_password',
  'new_password',
  'code',
  'totp_code',
  'mfa_code',
  'token',
  'access_token',
  'refresh_token',
  'mfa_token',
  'secret',
  'manual_entry_key',
  'otpauth_uri',
  'qr_code',
  'qr_code_uri',
  'backup_codes',
  'password_hash',
  'state',
  'apiKey',
  'api_key',
  'x-api-key',
  'set-cookie',
];

const quoted = REDACTED.map((name) => (/^\w+$/.test(name) ? `.${name}` : `["${name}"]`));
const paths = ['', '*', '*.*', '*.*.*'].flatMap((prefix) => quoted.map((name) => (prefix ? prefix + name : name.replace(/^\./, ''))));

/** Database errors carry the parameters of the statement; what is logged of an error is its kind, code, words and stack. */
const bare = (error: unknown): unknown => {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack } = error;
  // Not named `code`, which is redacted.
  const reason = (error as { code?: unknown }).code;
  return { name, reason, message: message.slice(0, 500), stack: stack?.split('\n').slice(0, 12).join('\n') };
};

export function createLogger(level: string, destination?: DestinationStream) {
  const options = {
    level,
    redact: { paths, censor: '[redacted]' },
    serializers: { err: bare, error: bare },
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return destination ? pino(options, destination) : pino(options);
}

// Lines are gathered to 4 KiB or 250 ms and written whole, in order; a process that exits writes what it holds.
let stdout: ReturnType<typeof pino.destination> | undefined;
function destination() {
  if (stdout) return stdout;
  stdout = pino.destination({ dest: 1, sync: true, minLength: 4096, periodicFlush: 250 });
  process.on('exit', () => stdout!.flushSync()); // pino does so by itself for asynchronous ones only
  return stdout;
}

let logger: ReturnType<typeof createLogger> | undefined;
/** The process's one log: a JSON line an event, on stdout. */
export const log = () => (logger ??= createLogger(config.LOG_LEVEL, destination()));

let access: ReturnType<typeof pino> | undefined;
/** For the line each request ends with. It names every value it prints, so it goes without redaction, which costs more than the line. */
export const accessLog = () =>
  (access ??= pino({ level: config.LOG_LEVEL, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination()));

/** Unwrapped, because pino-http would hand our serializer an error that its own has already spread out, parameters and all. */
export const nestLogger = () =>
  new NestPinoLogger(new PinoLogger({ pinoHttp: { logger: log(), wrapSerializers: false, serializers: { err: bare, error: bare } } }), {});
