import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** Times, numbers and names of countries as they are written in the reader's language. */
export function useFormat() {
  const { i18n } = useTranslation();
  return useMemo(() => {
    const language = i18n.language;
    const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
    const exact = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });
    const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });
    const day = new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric', timeZone: 'UTC' });
    const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
    const number = new Intl.NumberFormat(language);
    const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
    const countries = new Intl.DisplayNames(language, { type: 'region' });
    return {
      dateTime: (iso: string) => dateTime.format(new Date(iso)),
      exact: (iso: string) => exact.format(new Date(iso)),
      date: (iso: string) => date.format(new Date(iso)),
      day: (iso: string) => day.format(new Date(iso)),
      /** "3 minutes ago". */
      ago: (iso: string) => {
        const seconds = (new Date(iso).getTime() - Date.now()) / 1000;
        const [unit, length] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS.at(-1)!;
        return relative.format(Math.round(seconds / length), unit);
      },
      number: (value: number, digits = 0) =>
        digits === 0 ? number.format(value) : new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value),
      percent: (share: number) => percent.format(share),
      country: (code: string) => {
        try {
          return countries.of(code) ?? code;
        } catch {
          return code;
        }
      },
    };
  }, [i18n.language]);
}
