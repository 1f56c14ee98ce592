import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiResponse } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

/** What a client may see of a failure (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  instance: string;
  request_id: string;
  errors?: { field: string; message: string }[];
}

/** Says a problem as another system's clients expect it. Without `status`, the problem's own. */
export type ErrorShape = (problem: Problem) => { status?: number; body: object };

/**
 * Every failure of this route, whoever throws it (guards, the reading of the body, too), leaves in this shape instead of problem+json.
 * On handlers alone: that is where Fastify's adapter looks.
 */
export const FailsAs = (schema: z.ZodType, shape: ErrorShape) =>
  applyDecorators(
    RouteConfig({ errorShape: shape }),
    ApiResponse({ status: 'default', description: 'A failure, in the shape of the original', standardSchema: schema }),
  );

/** A request that was not even read has no route. */
export const errorShapeOf = (request: FastifyRequest): ErrorShape | undefined =>
  (request.routeOptions?.config as { errorShape?: ErrorShape } | undefined)?.errorShape;
