/** The tile that the watchword was passed on. */
export const Logo = ({ size = 28 }: { size?: number }) => (
  <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden>
    <rect width="32" height="32" rx="7" fill="#1f6f5c" />
    <path
      d="M6.5 9.5 11 22.5h.6L16 12l4.4 10.5h.6l4.5-13"
      fill="none"
      stroke="#fff"
      strokeWidth="3"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  </svg>
);
