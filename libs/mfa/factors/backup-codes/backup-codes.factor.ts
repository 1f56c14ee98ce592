import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { mac } from '@app/platform';
import { Factor } from '../../factor.js';

const COUNT = 10;
/** RFC 4648 base32: 16 characters of 5 bits are 80 bits. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const LENGTH = 16;

/** Keyed MACs of the codes that are left. Each works once: the one used is taken out. */
export interface BackupCodesState {
  left: string[];
}

const spelled = (answer: string) => answer.replaceAll(/[\s-]/g, '').toUpperCase();
const digest = (code: string) => mac('backup-code', code).toString('base64url');
const code = () => Array.from(randomBytes(LENGTH), (byte) => ALPHABET[byte & 31]).join('');

/** Codes to keep on paper, for the day the phone is gone (NIST SP 800-63B-4 §4.2.1.1 asks for 64 bits; these have 80). */
@Injectable()
export class BackupCodesFactor extends Factor<BackupCodesState> {
  readonly type = 'backup_codes';
  readonly amr = 'otp';
  override readonly standsAlone = false;

  accepts(answer: string) {
    return /^[A-Z2-7]{16}$/.test(spelled(answer));
  }

  enroll() {
    const codes = Array.from({ length: COUNT }, code);
    return { state: { left: codes.map(digest) }, reveal: { backupCodes: codes.map((text) => text.match(/.{4}/g)!.join('-')) } };
  }

  verify({ left }: BackupCodesState, answer: string): BackupCodesState | undefined {
    const given = digest(spelled(answer));
    // Compared as keyed MACs: how far two of them agree tells nothing about the code.
    return left.includes(given) ? { left: left.filter((one) => one !== given) } : undefined;
  }

  override remaining({ left }: BackupCodesState) {
    return left.length;
  }
}
