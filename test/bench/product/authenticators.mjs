import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../harness/processes.mjs';

/** Gives every third person an authenticator, sealed by the product's own code. @param {string} superuserUrl @param {Record<string, string>} env */
export async function enrollAuthenticators(superuserUrl, env) {
  const script = fileURLToPath(new URL('seal-authenticators.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env, SUPERUSER_URL: superuserUrl },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`authenticators were not made: ${stderr}`);
}

/** Forgets which codes were used. @param {import('pg').Client} client */
export async function resetAuthenticators(client) {
  await client.query('update mfa_factor f set state = b.state, failures = 0 from bench.factor b where b.id = f.id');
  await client.query('vacuum analyze mfa_factor');
}
