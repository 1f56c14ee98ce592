import { defineErrors } from '@app/platform';

export const NotificationError = defineErrors('notifications', {
  unknownProvider: ['not_found', 'There is no such provider.'],
  notConfigured: ['not_found', 'This provider is not set up for your company.'],
  refusedByVendor: ['conflict', 'The vendor does not accept these settings.'],
  noProvider: ['conflict', 'No provider is set up for this channel. Set one up with PUT /api/company/channels/{provider}.'],
  callbackRefused: ['unauthorized', 'This callback is not authentic.'],
  invalidRecipient: ['invalid', 'This channel cannot reach that recipient.'],
  recipientRefused: ['forbidden', 'Messages to that recipient are not allowed.'],
  tooManyMessages: ['rate_limited', 'Too many messages. Try again later.'],
  budgetSpent: ['rate_limited', "The company's budget for messages is spent for today."],
  stopped: ['rate_limited', 'Messages to numbers like this one are stopped for now.'],
  invalidProvider: ['invalid', 'This provider does not serve that channel.'],
  idempotencyConflict: ['conflict', 'This Idempotency-Key was used with another request.'],
  rawNotAllowed: ['forbidden', 'Words of your own need the scope messages:raw; without it, send from a template.'],
  unknownTemplate: ['invalid', 'There is no such template.'],
  invalidVariables: ['invalid', 'These variables do not fit the template.'],
  templateNotFound: ['not_found', 'Your company has no such template of its own.'],
  messageNotFound: ['not_found', 'There is no such message.'],
});
