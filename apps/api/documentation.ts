import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

const INTRODUCTION = `Companies sign up; their people sign in with a password and a second factor.

Try it here: **register** → **login** → press *Authorize* and paste \`access_token\` → **mfa/setup** → scan the QR code → **mfa/enable** → **logout**
→ **login** again → *Authorize* with \`mfa_token\` → **verify-mfa**.

Errors are \`application/problem+json\` (RFC 9457); switch on \`code\`.`;

export function openApi(app: INestApplication): OpenAPIObject {
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder().setTitle('Watchword').setDescription(INTRODUCTION).setVersion('1').addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'access_token, or mfa_token on the routes of the second factor' }).build(),
  );
  return withProblems(document);
}

/** Every operation may answer with a problem; said once, for all. */
function withProblems(document: OpenAPIObject): OpenAPIObject {
  const problem = {
    type: 'object',
    required: ['type', 'title', 'status', 'code', 'detail', 'instance', 'request_id'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { type: 'string', example: 'auth.invalid_credentials' },
      detail: { type: 'string' },
      instance: { type: 'string' },
      request_id: { type: 'string' },
      errors: { type: 'array', items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' } } } },
    },
  } as const;
  document.components = { ...document.components, schemas: { ...document.components?.schemas, Problem: problem as never } };
  for (const path of Object.values(document.paths))
    for (const operation of Object.values(path) as { responses?: Record<string, unknown> }[])
      if (operation.responses) operation.responses['default'] ??= { description: 'A problem (RFC 9457)', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
  return document;
}

export function serveDocumentation(app: INestApplication) {
  SwaggerModule.setup('docs', app, () => openApi(app), { jsonDocumentUrl: 'openapi.json', customSiteTitle: 'Watchword API', swaggerOptions: { persistAuthorization: true, tryItOutEnabled: true } });
}
