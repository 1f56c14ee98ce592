import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { asProblem } from '../api/problem.js';
import { useProblemText } from './problem-alert.js';
import { useRefusals } from './refusals.js';

/** A form as far as an action needs it: where the fields that the API refused are said so. */
interface Fields {
  setErrors(errors: Record<string, string>): void;
  values: object;
}

interface Options<D> {
  /** What is out of date afterwards: keys of queries. */
  changes?: readonly (readonly unknown[])[];
  /** Said to the reader when it is done. */
  done?: string;
  after?: (answer: D) => void;
  form?: Fields;
  /** For what has no place on the page to say that it failed. */
  tellsFailure?: boolean;
}

/** Something that the reader does: one request, its failure in words, and what is to be read anew after it. */
export function useAction<V = void, D = unknown>(
  run: (input: V) => Promise<D>,
  { changes = [], done, after, form, tellsFailure }: Options<D> = {},
) {
  const queries = useQueryClient();
  const text = useProblemText();
  const refusal = useRefusals();
  return useMutation<D, unknown, V>({
    mutationFn: run,
    onSuccess: async (answer) => {
      await Promise.all(changes.map((queryKey) => queries.invalidateQueries({ queryKey })));
      if (done) notifications.show({ message: done, color: 'verdigris', autoClose: 4000 });
      after?.(answer);
    },
    onError: (error) => {
      const problem = asProblem(error);
      const shown = problem.fields.filter(({ field }) => form && field.replace(/\..*/, '') in form.values);
      const errors: Record<string, string> = {};
      for (const { field, message } of shown) {
        const [place, text] = said(form!.values, field, refusal(message));
        errors[place] = errors[place] ? `${errors[place]} ${text}` : text;
      }
      form?.setErrors(errors);
      problem.shown = shown.map(({ field }) => field);
      if (tellsFailure) notifications.show({ message: text(problem), color: 'red', autoClose: 8000 });
    },
  });
}

/** Where a form says what is wrong with a field. One of a list is told beside the list's only input, with which one it is. */
function said(values: object, field: string, message: string): [field: string, message: string] {
  const parts = field.split('.');
  let value: unknown = values;
  for (const [at, part] of parts.entries()) {
    const inside = (value as Record<string, unknown> | undefined)?.[part];
    if (Array.isArray(value)) return [parts.slice(0, at).join('.'), `${inside}: ${message}`];
    value = inside;
  }
  return [field, message];
}
