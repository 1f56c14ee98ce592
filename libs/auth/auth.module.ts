import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { AuditModule } from '@app/audit';
import { MfaModule } from '@app/mfa';
import { AddressLimitGuard, CallerLimitGuard, rateLimits } from '@app/platform';
import { TenantsModule } from '@app/tenants';
import { AccountsService } from './accounts.service.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { AuthController } from './auth.controller.js';
import { CallerGuard, RolesGuard } from './caller.guard.js';
import { JwksController } from './jwks.controller.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { Erasure } from './person/erasure.service.js';
import { PersonController } from './person/person.controller.js';
import { PersonExport } from './person/person-export.service.js';
import { PersonTraces } from './person/person-traces.js';
import { passwordHasher, Passwords } from './passwords.service.js';
import { ScopesGuard } from './scopes.guard.js';
import { Session } from './session.entity.js';
import { SessionsService } from './sessions.service.js';
import { SignInService } from './sign-in.service.js';
import { AccessStrategy, PendingStrategy } from './token.strategies.js';
import { Tokens } from './tokens.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [MikroOrmModule.forFeature([User, Session]), JwtModule.register({}), rateLimits(), AuditModule, TenantsModule, MfaModule],
  // Before what takes any id: `me` is none.
  controllers: [AuthController, PersonController, UsersController, JwksController],
  providers: [
    AccountsService,
    SignInService,
    SessionsService,
    UsersService,
    PersonTraces,
    PersonExport,
    Erasure,
    Passwords,
    { provide: PasswordHasher, useFactory: passwordHasher },
    Tokens,
    AccessStrategy,
    PendingStrategy,
    ApiKeyStrategy,
    // In this order: an address's limit, who calls, whether they may, the caller's limit.
    { provide: APP_GUARD, useClass: AddressLimitGuard },
    { provide: APP_GUARD, useClass: CallerGuard },
    { provide: APP_GUARD, useClass: RolesGuard },
    { provide: APP_GUARD, useClass: ScopesGuard },
    { provide: APP_GUARD, useClass: CallerLimitGuard },
  ],
  exports: [AccountsService, PasswordHasher, Passwords],
})
export class AuthModule {}
