import { z } from 'zod';
import { type ErrorShape, FailsAs } from '@app/platform';

const detail = z.object({ detail: z.string() }).meta({ id: 'DetailFailure' });
/** `{detail}`, as FastAPI's HTTPException. */
export const FailsWithDetail = () => FailsAs(detail, ({ detail }) => ({ body: { detail } }));

const listed = z
  .object({ detail: z.union([z.string(), z.array(z.object({ type: z.string(), loc: z.array(z.string()), msg: z.string() }))]) })
  .meta({ id: 'DetailsFailure' });
/** As above, and what has not the expected form is a 422 that lists the fields, as FastAPI's own validation. */
const asListed: ErrorShape = ({
  status,
  code,
  detail,
  errors = code === 'request.malformed' ? [{ field: '', message: detail }] : undefined,
}) =>
  status === 400 && errors
    ? { status: 422, body: { detail: errors.map(({ field, message }) => ({ type: 'value_error', loc: ['body', field], msg: message })) } }
    : { body: { detail } };
export const FailsWithDetails = () => FailsAs(listed, asListed);

const error = z.object({ error: z.string(), details: z.array(z.string()).optional() }).meta({ id: 'ErrorFailure' });
/** `{error}`, as the Flask services had it. */
const asError: ErrorShape = ({ code, title, detail }) =>
  code === 'compat.nothing_delivered' ? { status: 500, body: { error: title, details: [] } } : { body: { error: detail } };
export const FailsWithError = () => FailsAs(error, asError);
