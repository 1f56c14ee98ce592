/** How a call ended, as the vendor tells it: the telephone network's own words (SIP, Q.850) where it passes them on, and its own code. */
export interface ResultInformation {
  code?: number | undefined;
  subCode?: number | undefined;
  sipDetails?: { code?: number | undefined } | null | undefined;
  q850Details?: { code?: number | undefined } | null | undefined;
}

/** RFC 3261 §21. 487 is a call that rang until we, or the network, gave up. */
const SIP: Record<number, string> = {
  403: 'not_permitted',
  404: 'invalid_recipient',
  408: 'no_answer',
  410: 'invalid_recipient',
  480: 'no_answer',
  484: 'invalid_recipient',
  486: 'busy',
  487: 'no_answer',
  488: 'not_permitted',
  600: 'busy',
  603: 'declined',
  604: 'invalid_recipient',
};

/** ITU-T Q.850 table 1. */
const Q850: Record<number, string> = {
  1: 'invalid_recipient',
  17: 'busy',
  18: 'no_answer',
  19: 'no_answer',
  20: 'no_answer',
  21: 'declined',
  22: 'invalid_recipient',
  27: 'unreachable',
  28: 'invalid_recipient',
  34: 'network',
  38: 'network',
  41: 'network',
  42: 'network',
};

/** The vendor's subcodes of the telephone network are 560000 plus the SIP code, those of its own client 540000 plus it. */
const sipOf = (subCode = 0) => ([540, 560].includes(Math.floor(subCode / 1000)) ? subCode % 1000 : 0);

/** The network's own word first: the vendor's code is a summary of it, and calls a busy line by the same number as its own trouble. */
export function reasonOf(result: ResultInformation | null | undefined): string {
  const { code = 0, subCode, sipDetails, q850Details } = result ?? {};
  const told = Q850[q850Details?.code ?? 0] ?? SIP[sipDetails?.code ?? 0] ?? SIP[sipOf(subCode)] ?? SIP[code];
  if (told) return told;
  return code >= 300 ? 'call_failed' : 'disconnected';
}
