import { NestFactory } from '@nestjs/core';
import { type KeyPurpose, nestLogger, PlatformModule, SigningKeys } from '@app/platform';

/** Running processes follow within 15 s; the key before goes on verifying. */
export async function keysRotate([purpose = 'access']: string[]): Promise<number> {
  if (purpose !== 'access' && purpose !== 'audit') {
    process.stderr.write('keys rotate [access|audit]\n');
    return 2;
  }
  const app = await NestFactory.createApplicationContext(PlatformModule, { logger: nestLogger(), abortOnError: false });
  const kid = await app.get(SigningKeys).rotate(purpose satisfies KeyPurpose);
  process.stdout.write(`The new ${purpose} key is ${kid}. The one before still verifies.\n`);
  await app.close();
  return 0;
}
