import { MikroOrmModule } from '@mikro-orm/nestjs';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { AuditModule } from '@app/audit';
import { MfaModule, MfaWorkerModule, ProvenJustNowGuard } from '@app/mfa';
import { DeliveryModule, DeliveryWorkerModule, NotificationsModule } from '@app/notifications';
import { AddressLimitGuard, CallerLimitGuard, rateLimits } from '@app/platform';
import { TenantsModule } from '@app/tenants';
import { AccountsService } from './accounts.service.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { AuthController } from './auth.controller.js';
import { CallerGuard, RolesGuard } from './caller.guard.js';
import { JwksController } from './jwks.controller.js';
import { AccountLink } from './mail/account-link.entity.js';
import { AccountLinks } from './mail/account-links.service.js';
import { AccountMailController, InvitationsController } from './mail/account-mail.controller.js';
import { AccountMail } from './mail/account-mail.service.js';
import { AddressesService } from './mail/addresses.service.js';
import { AskedMail, AskForMail } from './mail/asked-mail.js';
import { InvitationsService } from './mail/invitations.service.js';
import { RecoveryService } from './mail/recovery.service.js';
import { SecurityNotices } from './mail/security-notices.js';
import { CognitoController } from './cognito/cognito.controller.js';
import { CognitoPools } from './cognito/cognito-pools.service.js';
import { CognitoSignIn } from './cognito/cognito-sign-in.service.js';
import { UserPools } from './cognito/user-pool.js';
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
import { Erasure } from './person/erasure.service.js';
import { PasskeySignInController } from './passkeys/passkey-sign-in.controller.js';
import { PasskeySignIn } from './passkeys/passkey-sign-in.service.js';
import { PersonController } from './person/person.controller.js';
import { PersonExport } from './person/person-export.service.js';
import { PersonTraces } from './person/person-traces.js';
import { passwordHasher, Passwords } from './passwords.service.js';
import { ScopesGuard } from './scopes.guard.js';
import { Session } from './session.entity.js';
import { SessionsService } from './sessions.service.js';
import { SignInAnswers } from './sign-in-answers.js';
import { SignInService } from './sign-in.service.js';
import { SignInOptionsController } from './sign-in-options/sign-in-options.controller.js';
import { SignInOptionsService } from './sign-in-options/sign-in-options.service.js';
import { StatisticsController } from './statistics/statistics.controller.js';
import { StatisticsService } from './statistics/statistics.service.js';
import { StepUpService } from './step-up.service.js';
import { AccessStrategy, PendingStrategy } from './token.strategies.js';
import { Tokens } from './tokens.js';
import { TrustedDevice, TrustedDevices } from './trusted-devices.js';
import { User } from './user.entity.js';
import { Usernames } from './usernames.service.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

/** For processes that write to people about their accounts. */
@Module({
  imports: [
    MikroOrmModule.forFeature([User, AccountLink, IdentityLink]),
    AuditModule,
    TenantsModule,
    DeliveryModule,
    DeliveryWorkerModule,
    MfaWorkerModule,
  ],
  providers: [AccountLinks, AccountMail, AskedMail, SecurityNotices],
})
export class AuthWorkerModule {}

@Module({
  imports: [
    MikroOrmModule.forFeature([User, Session, AccountLink, TrustedDevice, IdentityProvider, IdentityLink, IdentityFlow]),
    JwtModule.register({}),
    rateLimits(),
    AuditModule,
    TenantsModule,
    NotificationsModule,
    MfaModule,
  ],
  controllers: [
    AuthController,
    SignInOptionsController,
    StatisticsController,
    PasskeySignInController,
    AccountMailController,
    // Before what takes any id: `me` and `invitations` are none.
    InvitationsController,
    PersonController,
    UsersController,
    JwksController,
    OidcController,
    IdentitiesController,
    IdentityProvidersController,
    CognitoController,
  ],
  providers: [
    AccountsService,
    AccountLinks,
    AccountMail,
    AddressesService,
    AskForMail,
    InvitationsService,
    RecoveryService,
    SignInAnswers,
    SignInService,
    SignInOptionsService,
    StatisticsService,
    PasskeySignIn,
    SessionsService,
    StepUpService,
    TrustedDevices,
    UsersService,
    Usernames,
    PersonTraces,
    PersonExport,
    Erasure,
    Passwords,
    { provide: PasswordHasher, useFactory: passwordHasher },
    Tokens,
    OpenId,
    IdentityProvidersService,
    OidcFlowsService,
    OutsidePeople,
    OutsideSignInService,
    IdentitiesService,
    UserPools,
    CognitoPools,
    CognitoSignIn,
    AccessStrategy,
    PendingStrategy,
    ApiKeyStrategy,
    // In this order: an address's limit, who calls, whether they may, whether they proved it just now, the caller's limit.
    { provide: APP_GUARD, useClass: AddressLimitGuard },
    { provide: APP_GUARD, useClass: CallerGuard },
    { provide: APP_GUARD, useClass: RolesGuard },
    { provide: APP_GUARD, useClass: ScopesGuard },
    { provide: APP_GUARD, useClass: ProvenJustNowGuard },
    { provide: APP_GUARD, useClass: CallerLimitGuard },
  ],
  exports: [AccountsService, PasswordHasher, Passwords, Usernames],
})
export class AuthModule {}
