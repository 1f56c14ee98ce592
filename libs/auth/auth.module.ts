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
import { IdentitiesController } from './outside/identities.controller.js';
import { IdentitiesService } from './outside/identities.service.js';
import { IdentityFlow } from './outside/identity-flow.entity.js';
import { IdentityLink } from './outside/identity-link.entity.js';
import { IdentityProvider } from './outside/identity-provider.entity.js';
import { IdentityProvidersController } from './outside/identity-providers.controller.js';
import { IdentityProvidersService } from './outside/identity-providers.service.js';
import { OidcController } from './outside/oidc.controller.js';
import { OidcFlowsService } from './outside/oidc-flows.service.js';
import { OpenId } from './outside/open-id.js';
import { OutsidePeople } from './outside/outside-people.service.js';
import { OutsideSignInService } from './outside/outside-sign-in.service.js';
import { PasswordHasher } from './passwords/password-hasher.js';
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
  imports: [
    MikroOrmModule.forFeature([User, Session, IdentityProvider, IdentityLink, IdentityFlow]),
    JwtModule.register({}),
    rateLimits(),
    AuditModule,
    TenantsModule,
    MfaModule,
  ],
  controllers: [AuthController, UsersController, JwksController, OidcController, IdentitiesController, IdentityProvidersController],
  providers: [
    AccountsService,
    SignInService,
    SessionsService,
    UsersService,
    Passwords,
    { provide: PasswordHasher, useFactory: passwordHasher },
    Tokens,
    OpenId,
    IdentityProvidersService,
    OidcFlowsService,
    OutsidePeople,
    OutsideSignInService,
    IdentitiesService,
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
