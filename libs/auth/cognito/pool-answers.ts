import { MfaError } from '@app/mfa';
import { type AppError, invalid } from '@app/platform';
import type { VerifyMfaRequest } from '../auth.contract.js';
import { AuthError } from '../auth.errors.js';
import { attributesOf, CODES, type PoolStep } from './pool-step.js';
import type { PoolRefusal } from './user-pool.js';

/** An answer in the words of the challenge it is for; `code` for MFA_SETUP, whose code goes elsewhere. @throws request.invalid, naming what is needed */
export function responsesOf(step: PoolStep, { code, factor_id, new_password, attributes = {} }: VerifyMfaRequest): Record<string, string> {
  switch (step.name) {
    case 'NEW_PASSWORD_REQUIRED': {
      // No others: what else a pool lets its people write is the company's business with them.
      const asked = attributesOf(step).filter((name) => Object.hasOwn(attributes, name));
      const given = Object.fromEntries(asked.map((name) => [`userAttributes.${name}`, attributes[name]!]));
      return { ...given, NEW_PASSWORD: needed(new_password, 'new_password') };
    }
    case 'SELECT_MFA_TYPE': {
      const way = step.ways.find(({ id }) => id === needed(factor_id, 'factor_id'));
      if (!way) throw invalid([{ path: ['factor_id'], message: 'must be one of factors' }]);
      return { ANSWER: way.name };
    }
    case 'MFA_SETUP':
      return { code: needed(code, 'code') };
    default:
      return { [CODES[step.name]!.response]: needed(code, 'code') };
  }
}

/** What somebody is told whose answer the pool did not take. */
export function problemOf({ word }: PoolRefusal): AppError {
  switch (word) {
    case 'CodeMismatchException':
    case 'ExpiredCodeException':
    case 'EnableSoftwareTokenMFAException':
      return MfaError.wrongCode();
    case 'InvalidPasswordException':
    case 'PasswordHistoryPolicyViolationException': {
      const message = "does not keep your company's rules for passwords, or was used before";
      return AuthError.weakPassword({ detail: `This password ${message}.`, errors: [{ field: 'new_password', message }] });
    }
    // The pool's session is over or spent: it says so as it says of a wrong password.
    default:
      return MfaError.signInOver();
  }
}

function needed<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw invalid([{ path: [field], message: 'is needed' }]);
  return value;
}
