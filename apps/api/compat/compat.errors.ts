import { defineErrors } from '@app/platform';

/** What the originals said where ours has no error of the kind. The words are theirs: clients compare them. */
export const CompatError = defineErrors('compat', {
  missingPhoneNumber: ['invalid', 'Missing phoneNumber in request'],
  missingText: ['invalid', 'Missing msgTemplate in request'],
  missingCode: ['invalid', 'Missing code in request'],
  severalNumbers: ['invalid', 'msgTemplate holds several numbers: say which is the code in otpCode'],
  codeNotCreated: ['invalid', "Can't create OTP code!"],
  codeNotValid: ['invalid', 'Provided OTP code is not valid'],
  noRequest: ['invalid', 'Missing or expired Vonage request ID!'],
  usernameRequired: ['invalid', 'Username required'],
  userNotFound: ['not_found', 'User not found'],
  nothingDelivered: ['unavailable', 'All delivery methods failed'],
  missingFields: ['invalid', 'Missing required fields'],
  unsupportedChannel: ['invalid', 'Unsupported channel'],
});
