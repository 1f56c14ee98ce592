import { LIFE_SECONDS } from './oidc-flows.service.js';

/** One for each flow, so that two tabs do not end each other's. `__Host-`: of this very host, over TLS (RFC 6265bis §4.1.3.2). */
const nameOf = (flowId: string) => `__Host-outside-${flowId.slice(-12)}`;

/** Lax: it must come along when the provider sends the person back, and with nothing that another site posts. */
const attributes = (seconds: number) => `Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${seconds}`;

export const flowCookie = (flowId: string, handle: string) => `${nameOf(flowId)}=${handle}; ${attributes(LIFE_SECONDS)}`;
export const spentCookie = (flowId: string) => `${nameOf(flowId)}=; ${attributes(0)}`;

export function readFlowCookie(header: string | undefined, flowId: string): string | undefined {
  const found = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${nameOf(flowId)}=`));
  // Two of one name are nobody's.
  return found.length === 1 ? found[0]!.slice(nameOf(flowId).length + 1) : undefined;
}
