// The least a Nest application on Fastify does: one route, a small JSON answer, nothing else. Decorators are applied by hand: no build.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

class HelloController {
  hello() {
    return { message: 'hello', id: '0199b6a2-0000-7000-8000-000000000000', ok: true };
  }
}
Get('hello')(
  HelloController.prototype,
  'hello',
  /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(HelloController.prototype, 'hello')),
);
Controller()(HelloController);

/** Nest wants a class to hang the decorator on. */
class HelloModule {} // oxlint-disable-line typescript/no-extraneous-class
Module({ controllers: [HelloController] })(HelloModule);

const app = await NestFactory.create(HelloModule, new FastifyAdapter(), { logger: ['error', 'warn'] });
await app.listen(Number(process.env.PORT), '127.0.0.1');
