const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** A domain in its one stored form: lower case, ASCII (punycode), no trailing dot. Undefined when it is none. */
export function canonicalDomain(text: string): string | undefined {
  const trimmed = text.trim().replace(/\.$/, '');
  if (!trimmed || trimmed.length > 253 || /[\s/@:?#\\[\]%]/.test(trimmed)) return undefined;
  try {
    const { hostname } = new URL(`http://${trimmed}`);
    const labels = hostname.split('.');
    return labels.length >= 2 && labels.every((label) => LABEL.test(label)) && !/^[\d.]+$/.test(hostname) ? hostname : undefined;
  } catch {
    return undefined;
  }
}
