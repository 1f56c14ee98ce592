import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { httpAdapter } from '@app/platform';
import { InboxController } from '../standalone/inbox.controller.js';

@Module({ controllers: [InboxController] })
class InboxModule {}

/** How the inbox of the sandbox is described. Nothing of it is made here, and nothing served: only the standalone process does that. */
export async function describeInbox(): Promise<OpenAPIObject> {
  // Without a `logger`: one that is named here, or `false`, would become every module's.
  const app = await NestFactory.create(InboxModule, httpAdapter(), { preview: true, abortOnError: false });
  return SwaggerModule.createDocument(app, new DocumentBuilder().build());
}
