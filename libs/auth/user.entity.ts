import { defineEntity, p } from '@mikro-orm/core';
import { type Role, tenantOwned } from '@app/platform';

const schema = defineEntity({
  name: 'User',
  tableName: 'user_account',
  ...tenantOwned({
    email: p.string(),
    /** The one form that is looked up and counted by. */
    emailCanonical: p.string(),
    emailVerifiedAt: p.datetime().nullable(),
    phoneNumber: p.string().nullable(),
    fullName: p.string(),
    role: p.string().$type<Role>(),
    passwordHash: p.string().nullable().lazy(),
    /** What they read, such as `es-MX`. */
    locale: p.string().nullable(),
    /** Addresses that were theirs, confirmed, in canonical form. */
    formerEmails: p.json<{ email: string; until: string }[]>().default([]),
    isActive: p.boolean().default(true),
    /** Kept by the database: true while a confirmed factor stands. */
    mfaEnabled: p.boolean().default(false),
    /** Kept by the database: true while a confirmed passkey is set up, resting or not. */
    hasPasskey: p.boolean().default(false),
    lastLoginAt: p.datetime().nullable(),
  }),
});

/** A person in one company. The same e-mail in another company is another person. */
export class User extends schema.class {}
schema.setClass(User);
