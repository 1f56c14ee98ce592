import { Module } from '@nestjs/common';
import { AuthModule } from '@app/auth';
import { MfaModule } from '@app/mfa';
import { NotificationsModule } from '@app/notifications';
import { OtpByUsernameController } from './otp-by-username/otp-by-username.controller.js';
import { SendController } from './otp-by-username/send.controller.js';
import { Auth0Controller } from './phone-hooks/auth0.controller.js';
import { EventsController } from './phone-hooks/events.controller.js';
import { HandedMessages } from './phone-hooks/handed-messages.service.js';
import { PhoneHooksController } from './phone-hooks/phone-hooks.controller.js';
import { TwoFactorByPhoneController } from './two-factor-by-phone/two-factor-by-phone.controller.js';

/** Other systems' APIs at their own paths, over our own libraries. docs/compatibility.md says what differs, and why. */
@Module({
  imports: [AuthModule, MfaModule, NotificationsModule],
  controllers: [
    PhoneHooksController,
    Auth0Controller,
    EventsController,
    OtpByUsernameController,
    SendController,
    TwoFactorByPhoneController,
  ],
  providers: [HandedMessages],
})
export class CompatModule {}
