import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { httpAdapter } from '@app/platform';
import { InboxController } from '../standalone/inbox.controller.js';

@Module({ controllers: [InboxController] })
class InboxModule {}

/** How the inbox of the sandbox is described. Nothing is served: only the standalone process does that. */
export async function describeInbox(): Promise<OpenAPIObject> {
  // With neither `logger`, which would become every module's, nor `preview`, which warns: the controller asks for nothing.
  const app = await NestFactory.create(InboxModule, httpAdapter(), { abortOnError: false });
  return SwaggerModule.createDocument(app, new DocumentBuilder().build());
}
