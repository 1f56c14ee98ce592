import { z } from 'zod';

/** Plain ASCII, one address and nothing around it: no name, no list, no line break that could begin another header. */
export const email = z.string().trim().max(254).pipe(z.email()).describe('e-mail');

/** An address as it is looked up, counted and kept unique: ASCII (the schema admits no other), lower case. */
export const canonicalEmail = (email: string) => email.trim().toLowerCase();
