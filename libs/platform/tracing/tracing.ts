import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { config } from '../config.js';

export type Attributes = Record<string, string | number | boolean>;
/** Says more of a span while it lasts. */
export type Annotate = (attributes: Attributes) => void;

export interface SpanOptions {
  /** `server` and `consumer` may begin a trace; whatever else happens outside of one is not told. */
  kind?: 'internal' | 'client' | 'server' | 'consumer';
  /** A W3C traceparent from elsewhere, instead of the span that we are in. */
  parent?: string | null | undefined;
  /** Names and kinds of ours. No address, code, token or words of a vendor: what is traced leaves for another system. */
  attributes?: Attributes;
}

/** A span that is opened in one place and closed in another. */
export interface OpenSpan {
  within<T>(work: () => T): T;
  end(attributes: Attributes, failed: boolean): void;
}

export interface Tracer {
  span<T>(name: string, options: SpanOptions, work: (annotate: Annotate) => Promise<T>): Promise<T>;
  open(name: string, options: SpanOptions & { startTime: number }): OpenSpan;
  /** Where we are, in the form of W3C Trace Context. */
  traceparent(): string | undefined;
  stop(): Promise<void>;
}

let tracer: Tracer | undefined;
const ignore = () => {};

/** The process's tracer, where traces are wanted. */
export const tracing = () => tracer;

/** Does the work as a span of its own, or just does it. */
export function span<T>(name: string, options: SpanOptions, work: (annotate: Annotate) => Promise<T>): Promise<T> {
  return tracer ? tracer.span(name, options, work) : work(ignore);
}

/** A method that is a span within the request's: one use case. */
export const Traced =
  (name: string) =>
  <Method extends (...args: never[]) => Promise<unknown>>(
    _: object,
    _name: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ) => {
    const method = descriptor.value!;
    descriptor.value = function traced(this: unknown, ...args: never[]) {
      return tracer ? tracer.span(name, {}, () => method.apply(this, args)) : method.apply(this, args);
    } as Method;
  };

/** OpenTelemetry is loaded when OTEL_EXPORTER_OTLP_ENDPOINT names a collector, and never otherwise. */
@Injectable()
export class Tracing implements OnModuleInit, OnApplicationShutdown {
  async onModuleInit() {
    if (!config.OTEL_EXPORTER_OTLP_ENDPOINT || tracer) return;
    const { openTelemetry } = await import('./open-telemetry.js');
    tracer = openTelemetry(config.OTEL_EXPORTER_OTLP_ENDPOINT, config.OTEL_SERVICE_NAME);
  }

  async onApplicationShutdown() {
    await tracer?.stop();
    tracer = undefined;
  }
}
