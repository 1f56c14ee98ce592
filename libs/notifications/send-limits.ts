import { config, log } from '@app/platform';

/** The database's integers end here. */
const MOST = 2 ** 31 - 1;

/** The caps on messages, as the database's functions take them. Scaled for load tests are those per address; the others are the person's. */
export const sendLimits = () => ({
  number: config.SEND_LIMIT_NUMBER,
  account: config.SEND_LIMIT_ACCOUNT,
  ip: { ...config.SEND_LIMIT_IP, most: Math.min(MOST, Math.ceil(config.SEND_LIMIT_IP.most * config.RATE_LIMIT_SCALE)) },
  prefix: { seconds: 3600, most: Math.ceil((config.SEND_LIMIT_PREFIX.most * 3600) / config.SEND_LIMIT_PREFIX.seconds) },
  ...(config.CONVERSION_RATE > 0 && {
    conversion: { hours: config.CONVERSION_HOURS, least: config.CONVERSION_LEAST, rate: config.CONVERSION_RATE },
  }),
});

/** For whoever runs us: which rule held a message back, of whom; never to whom. */
export const logHeldBack = (rule: string, about: { company: string; verification?: string | null; delivery?: string }) =>
  log().warn({ rule, ...about }, 'a rule held a message back');
