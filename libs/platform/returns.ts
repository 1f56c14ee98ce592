import { applyDecorators, HttpCode, SerializeOptions } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';

/** Sends only what `schema` names, and documents it. A field absent from the schema cannot leak. */
export const Returns = (schema: z.ZodType, status = 200, description = '') =>
  applyDecorators(HttpCode(status), SerializeOptions({ schema }), ApiResponse({ status, description, standardSchema: schema }));

/** `{ data, next_cursor }`, as every list answers. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ data: z.array(item), next_cursor: z.string().nullable() });
