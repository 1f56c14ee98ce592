import type { INestApplication } from '@nestjs/common';
import { problemCodes } from '@app/platform';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

const INTRODUCTION = `Companies sign up; their people sign in with a password and a second factor.

Try it here: **register** → **login** → press *Authorize* and paste \`access_token\` → **mfa/setup** → scan the QR code → **mfa/enable** → **logout**
→ **login** again → *Authorize* with \`mfa_token\` → **verify-mfa**.

Errors are \`application/problem+json\` (RFC 9457); switch on \`code\`.`;

/** What Swagger UI fills in: with these and the codes of an authenticator, the introduction's steps work by clicking. */
const EXAMPLES: Record<string, object> = {
  Register: {
    email: 'ada@acme.example',
    password: 'correct horse battery 9',
    full_name: 'Ada Lovelace',
    company_name: 'Acme',
    company_domain: 'acme.example',
  },
  Login: { email: 'ada@acme.example', password: 'correct horse battery 9' },
  VerifyMfa: { code: '123456' },
  Refresh: { refresh_token: 'the refresh_token of the sign-in' },
  Logout: {},
  StepUp: { code: '123456' },
  LinkToken: { token: 'what stands behind #token= in the link' },
  WhoseEmail: { email: 'ada@acme.example' },
  ResetPassword: { token: 'what stands behind #token= in the link', new_password: 'wrong donkey charger 8' },
  ChangeEmail: { new_email: 'ada.king@acme.example', password: 'correct horse battery 9' },
  Invite: { email: 'grace@acme.example', role: 'manager' },
  AcceptInvitation: { token: 'what stands behind #token= in the link', full_name: 'Grace Hopper', password: 'wrong donkey charger 8' },
  ChangePassword: { current_password: 'correct horse battery 9', new_password: 'wrong donkey charger 8' },
  DisableMfa: { password: 'correct horse battery 9', code: '123456' },
  StartFactor: { type: 'totp', label: 'My phone' },
  RenameFactor: { label: 'My old phone' },
  FactorAnswer: { code: '123456' },
  ConfirmFactor: { code: '123456' },
  PasskeyOptionsRequest: {},
  PasskeyLogin: {
    passkey_token: 'of passkey/options',
    credential: {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: 'AAAA', authenticatorData: 'AAAA', signature: 'AAAA', userHandle: 'AAAA' },
    },
  },
  Challenge: { factor_id: '01900000-0000-7000-8000-000000000001' },
  SmsMfaSetup: { phone_number: '+34612345678' },
  SmsMfaCode: { mfa_code: '123456' },
  ConfirmCode: { code: '123456' },
  ActivateCode: { totp_code: '123456' },
  UpdateUser: { full_name: 'Ada King', phone_number: '+34612345678' },
  ChangeRole: { role: 'manager' },
  CreateApiKey: { name: 'Checkout', scopes: ['verifications:send', 'verifications:check'], expires_in_days: 365 },
  RotateApiKey: { overlap_hours: 24 },
  CreateWebhook: { url: 'https://hooks.acme.example/watchword', event_types: ['verification.approved', 'session.opened'] },
  UpdateWebhook: { enabled: true },
  SaveTemplate: { body: '{code} is your {sender} code. It is valid for {minutes} min.' },
  PutChannel: {
    settings: {
      host: 'smtp.acme.example',
      port: 587,
      user: 'relay@acme.example',
      password: 'of the mail server',
      from: 'hello@acme.example',
    },
  },
  PutCognito: {
    auth_provider: 'both',
    user_pool_id: 'eu-west-1_AbCdEf123',
    client_id: '1example23456789',
    client_secret: 'ofTheAppClient',
    just_in_time: true,
  },
  PutIdentityProvider: {
    issuer: 'https://login.acme.example',
    client_id: 'watchword',
    client_secret: 'of the client',
    allowed_email_domains: ['acme.example'],
    just_in_time: true,
    return_urls: ['https://app.acme.example/signed-in'],
  },
  StartOutsideSignIn: { return_to: 'https://app.acme.example/signed-in' },
  ExchangeOutsideSignIn: { code: 'the code that came back', handle: 'the handle of the start, which you kept' },
  StartLink: { provider: 'acme', return_to: 'https://app.acme.example/signed-in' },
  LinkIdentity: { code: 'the code that came back', handle: 'the handle of the start, which you kept' },
  TestChannel: { to: 'ada@acme.example' },
  CreateVerification: { to: '+34612345678', channel: 'sms' },
  CheckVerification: { code: '123456' },
  SendMessage: { channel: 'sms', recipient: '+34612345678', message: 'The lift works again.' },
  SendTextCode: { data: { messageProfile: { phoneNumber: '+34612345678', msgTemplate: 'Your verification code is: 123456' } } },
  SendVoiceCode: { phoneNumber: '+34612345678', code: '123456' },
  Auth0Message: {
    recipient: '+34612345678',
    message_type: 'text',
    code: '123456',
    text: 'Your verification code is 123456.',
    action: 'second-factor-authenticator',
    language: 'en',
  },
  RequestOtp: { username: 'dair' },
  VerifyOtp: { username: 'dair', token: '123456' },
  SendNotification: { channel: 'email', recipient: 'dair@example.com', message: 'The lift works again.' },
  TwoFactorInit: { phone_number: '+34612345678' },
  TwoFactorVerify: { phone_number: '+34612345678', otp_code: '123456' },
  UpdateCompany: { name: 'Acme', policy: { mfa: { manager: 'required' } } },
};

/** @param inbox what describeInbox says: the same document wherever it is asked for, though one process alone serves that part. */
export function openApi(app: INestApplication, inbox: OpenAPIObject): OpenAPIObject {
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setTitle('Watchword')
      .setDescription(INTRODUCTION)
      .setVersion('1')
      .addBearerAuth({
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'access_token, or mfa_token on the routes of the second factor; an API key where X-API-Key is named, too',
      })
      .addApiKey(
        { type: 'apiKey', name: 'X-API-Key', in: 'header', description: 'the key of an application; or as the Bearer token' },
        'apiKey',
      )
      .build(),
  );
  Object.assign(document.paths, inbox.paths);
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...inbox.components?.schemas } };
  return withExamples(withoutDoubles(withProblems(document)));
}

/** Every operation may answer with a problem; said once, for all but those that fail in another system's shape. */
function withProblems(document: OpenAPIObject): OpenAPIObject {
  const problem = {
    type: 'object',
    required: ['type', 'title', 'status', 'code', 'detail', 'instance', 'request_id'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { type: 'string', enum: problemCodes(), example: 'auth.invalid_credentials' },
      detail: { type: 'string' },
      instance: { type: 'string' },
      request_id: { type: 'string' },
      errors: { type: 'array', items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' } } } },
    },
  } as const;
  document.components = { ...document.components, schemas: { ...document.components?.schemas, Problem: problem as never } };
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  for (const path of Object.values(document.paths))
    for (const { responses } of Object.values(path) as { responses: Record<string, object> }[]) {
      responses['default'] ??= { description: 'A problem (RFC 9457)' };
      for (const [status, response] of Object.entries(responses))
        if ((status === 'default' || Number(status) >= 400) && !('content' in response)) Object.assign(response, { content });
    }
  return document;
}

function withExamples(document: OpenAPIObject): OpenAPIObject {
  for (const [name, example] of Object.entries(EXAMPLES)) Object.assign(document.components!.schemas![name]!, { example });
  return document;
}

/**
 * Nest lists a header once for the handler that reads it, as required, and once for its description; and a route under the tag of its
 * controller and under its own.
 */
function withoutDoubles(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths))
    for (const operation of Object.values(path) as { tags?: string[]; parameters?: { in: string; description?: string }[] }[]) {
      if (operation.parameters)
        operation.parameters = operation.parameters.filter((parameter) => parameter.in !== 'header' || parameter.description);
      if (operation.tags) operation.tags = operation.tags.slice(-1);
    }
  return document;
}

export function serveDocumentation(app: INestApplication, inbox: OpenAPIObject) {
  SwaggerModule.setup('docs', app, () => openApi(app, inbox), {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Watchword API',
    swaggerOptions: { persistAuthorization: true, tryItOutEnabled: true },
  });
}
