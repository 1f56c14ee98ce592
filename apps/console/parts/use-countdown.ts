import { useEffect, useState } from 'react';

const left = (until: number) => Math.max(0, Math.ceil((until - Date.now()) / 1000));

/** Whole seconds until a moment (ms), down to 0. */
export function useCountdown(until: number | undefined): number {
  const [seconds, setSeconds] = useState(until ? left(until) : 0);
  useEffect(() => {
    if (!until) return setSeconds(0);
    setSeconds(left(until));
    const timer = setInterval(() => {
      setSeconds(left(until));
      if (left(until) === 0) clearInterval(timer);
    }, 500);
    return () => clearInterval(timer);
  }, [until]);
  return seconds;
}
