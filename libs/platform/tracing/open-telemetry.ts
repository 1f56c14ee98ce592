import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, isSpanContextValid, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { AppError } from '../app-error.js';
import type { SpanOptions, Tracer } from './tracing.js';

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER, consumer: SpanKind.CONSUMER };
/** A collector that is away must not hold up who is told to stop. */
const STOP_MS = 2_000;
/** Later versions may say more after what we know (W3C Trace Context §4). `ff` is none. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The context that a traceparent names. Nobody's tracestate or baggage is taken over: it could say anything. */
function remote(text: string): Context | undefined {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(text) ?? [];
  if (!traceId || !spanId || !flags || (version === '00' && more)) return undefined;
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(context) ? trace.setSpanContext(ROOT_CONTEXT, context) : undefined;
}

/** What failed by its kind: words may hold anything. */
const kindOf = (error: unknown) => (error instanceof AppError ? error.code : ((error as Error | undefined)?.name ?? 'Error'));

/**
 * Spans of ours and no others: nothing is registered globally, so that no vendor's library, which may know tokens and numbers, adds its own.
 * The SDK reads the rest of the standard OTEL_* variables (sampler, batch, headers) by itself.
 */
export function openTelemetry(endpoint: string, service: string): Tracer {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new NodeTracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': service })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('watchword');
  const here = new AsyncLocalStorage<Span>();

  /** Undefined: outside of any trace, and not to begin one. */
  const begin = (name: string, { kind = 'internal', parent, attributes = {}, startTime }: SpanOptions & { startTime?: number }) => {
    const around = here.getStore();
    const context = (parent && remote(parent)) || (around && trace.setSpan(ROOT_CONTEXT, around));
    if (!context && kind !== 'server' && kind !== 'consumer') return undefined;
    return tracer.startSpan(
      name,
      { kind: KINDS[kind], attributes, ...(startTime !== undefined && { startTime }) },
      context ?? ROOT_CONTEXT,
    );
  };

  return {
    async span(name, options, work) {
      const span = begin(name, options);
      if (!span) return work(() => {});
      try {
        return await here.run(span, () => work((attributes) => void span.setAttributes(attributes)));
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', kindOf(error));
        throw error;
      } finally {
        span.end();
      }
    },
    open(name, options) {
      const span = begin(name, { ...options, kind: 'server' })!;
      return {
        within: (work) => here.run(span, work),
        end(attributes, failed) {
          span.setAttributes(attributes);
          if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    traceparent() {
      const context = here.getStore()?.spanContext();
      return context && `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, '0')}`;
    },
    async stop() {
      await Promise.race([provider.shutdown().catch(() => {}), sleep(STOP_MS, undefined, { ref: false })]);
    },
  };
}
