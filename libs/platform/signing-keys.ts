import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ConfigError } from './config.js';
import { HotStatements } from './hot-statements.js';
import { log } from './logging.js';
import { RowLevelSecurity } from './row-level-security.js';
import { mac, seal, unseal } from './sealing.js';
import { signKey } from './tenant-context.js';

export type KeyPurpose = 'access' | 'audit';

export interface SigningKey {
  kid: string;
  purpose: KeyPurpose;
  privateKey: KeyObject;
  publicKey: KeyObject;
  jwk: JsonWebKey & { kid: string; use: 'sig'; alg: string };
  retiredAt: Date | null;
  /** Of the HASHING_KEY that was in use when this key was made. */
  hashing: string | undefined;
}

const ALGORITHM = { access: 'ES256', audit: 'EdDSA' } as const;
const RELOAD_MS = 15_000;
/** Between two looks for keys we do not know: whoever asks meanwhile waits for the next one. */
const MIN_RELOAD_MS = 250;
/** Longer than any access token lives, so that none outlives the key that proves it. */
const VERIFIES_FOR_MS = 2 * 3_600_000;

const hashing = () => mac('signing-key').toString('base64url');
const generate = (purpose: KeyPurpose) =>
  purpose === 'access' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');

/**
 * The keys that sign access tokens (ES256) and audit heads (Ed25519): sealed in the database, one current of each, the retired ones
 * still verifying for a while. Every process follows a rotation within 15 s, and at once when it meets a key it does not know.
 */
@Injectable()
export class SigningKeys implements OnModuleInit, OnApplicationShutdown {
  private keys = new Map<string, SigningKey>();
  private currentKeys = new Map<KeyPurpose, SigningKey>();
  private timer: NodeJS.Timeout | undefined;
  private loadedAt = 0;
  private reloading: Promise<void> | undefined;

  constructor(
    private readonly statements: HotStatements,
    private readonly isolation: RowLevelSecurity,
  ) {}

  async onModuleInit() {
    // Modules' hooks run at once: nothing is read or written before the database is known to be ours.
    await this.isolation.onModuleInit();
    await this.load();
    for (const purpose of ['access', 'audit'] as const) if (!this.currentKeys.has(purpose)) await this.insert(purpose, false);
    await this.load();
    if (this.currentKeys.size < 2)
      throw new ConfigError(
        'SEALING_KEY does not open the signing keys in the database. Set the one they were sealed with, or name it in SEALING_KEYS_OLD.',
      );
    if ([...this.currentKeys.values()].some((key) => key.hashing !== hashing()))
      throw new ConfigError('HASHING_KEY is not the one that the codes and keys in this database were hashed with. Set that one.');
    this.timer = setInterval(
      () => void this.load().catch((error) => log().warn({ err: error }, 'signing keys could not be reloaded')),
      RELOAD_MS,
    ).unref();
  }

  onApplicationShutdown() {
    clearInterval(this.timer);
  }

  current(purpose: KeyPurpose): SigningKey {
    return this.currentKeys.get(purpose)!;
  }

  async find(purpose: KeyPurpose, kid: string): Promise<SigningKey | undefined> {
    if (!this.keys.has(kid)) await (this.reloading ??= this.reload().finally(() => (this.reloading = undefined)));
    const key = this.keys.get(kid);
    if (key?.purpose !== purpose || (purpose === 'access' && key.retiredAt && Date.now() - key.retiredAt.getTime() > VERIFIES_FOR_MS))
      return undefined;
    return key;
  }

  /** RFC 7517. Public parts only. */
  jwks() {
    const alive = [...this.keys.values()].filter(
      ({ purpose, retiredAt }) => purpose === 'audit' || !retiredAt || Date.now() - retiredAt.getTime() < VERIFIES_FOR_MS,
    );
    return { keys: alive.map(({ jwk }) => jwk) };
  }

  /** Makes a new current key; the one before goes on verifying. Returns the new key's id. */
  async rotate(purpose: KeyPurpose): Promise<string> {
    const kid = await this.insert(purpose, true);
    await this.load();
    return kid;
  }

  private async insert(purpose: KeyPurpose, replace: boolean): Promise<string> {
    const kid = randomBytes(12).toString('base64url');
    const { privateKey, publicKey } = generate(purpose);
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: ALGORITHM[purpose] };
    const sealed = seal(JSON.stringify({ ...privateKey.export({ format: 'jwk' }), hashing: hashing() }), {
      tenant: 'system',
      row: kid,
      purpose: `${purpose}-key`,
    });
    await this.statements.pool.query('select app.signing_key_put($1, $2, $3, $4, $5, $6)', [
      signKey(kid),
      kid,
      purpose,
      jwk,
      sealed,
      replace,
    ]);
    return kid;
  }

  private async reload() {
    await sleep(Math.max(0, this.loadedAt + MIN_RELOAD_MS - Date.now()));
    await this.load();
  }

  private async load() {
    this.loadedAt = Date.now();
    const { rows } = await this.statements.pool.query(
      `select id, purpose, private_sealed, retired_at from system.signing_key order by created_at`,
    );
    const known = this.keys;
    const keys = new Map<string, SigningKey>();
    for (const { id, purpose, private_sealed, retired_at } of rows) {
      try {
        const before = known.get(id);
        keys.set(id, before ? { ...before, retiredAt: retired_at } : openKey(id, purpose, private_sealed, retired_at));
      } catch (error) {
        log().error({ key: id, reason: (error as Error).message }, 'a signing key cannot be opened'); // the others go on
      }
    }
    this.keys = keys;
    this.currentKeys = new Map([...this.keys.values()].filter((key) => !key.retiredAt).map((key) => [key.purpose, key]));
  }
}

/** The public part is worked out from the sealed one: what else the row says could have been put there by somebody else. */
function openKey(kid: string, purpose: KeyPurpose, sealed: string, retiredAt: Date | null): SigningKey {
  const { hashing, ...key } = JSON.parse(unseal(sealed, { tenant: 'system', row: kid, purpose: `${purpose}-key` }));
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  const publicKey = createPublicKey(privateKey);
  return {
    kid,
    purpose,
    privateKey,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: ALGORITHM[purpose] },
    retiredAt,
    hashing,
  };
}
