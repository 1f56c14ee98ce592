import { AppError, counter } from '@app/platform';
import type { TokenResponse } from './auth.contract.js';

const signIns = counter('sign_ins_total', 'Steps of signing in, by how they ended.', ['step', 'outcome']);

/** Counts how a step ended: by what is due next, or by the code of the error that its caller reads. */
export async function counted(
  step: 'password' | 'second_factor' | 'passkey' | 'outside',
  work: Promise<TokenResponse>,
): Promise<TokenResponse> {
  try {
    const response = await work;
    const due = response.enrollment_required ? 'enrollment_due' : 'second_factor_due';
    signIns(step, response.mfa_required ? due : 'signed_in').inc();
    return response;
  } catch (error) {
    signIns(step, error instanceof AppError ? error.code : 'server.failure').inc();
    throw error;
  }
}
