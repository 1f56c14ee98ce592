import { parseArgs } from 'node:util';

const HELP = `npm run bench -- [options]
  --smoke            everything but the long ones once, in under two minutes: shows that it works, not how fast it is
  --only a,b         these scenarios alone (by the beginning of their names)
  --seconds n        length of a window (10)
  --rounds n         windows for each contestant, alternating; the median counts (3)
  --users n          people in each system (20000)
  --full             grows \`scale\` to 10^6 users and 10^7 audit events
  --json file        writes everything that was measured
  --keep             leaves the data directory behind
`;

/** @param {string[]} args */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      smoke: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      users: { type: 'string' },
      full: { type: 'boolean', default: false },
      json: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const { smoke } = values;
  const sizes = smoke ? [200, 500] : values.full ? [1_000, 10_000, 100_000, 1_000_000] : [1_000, 10_000, 100_000];
  return {
    smoke,
    only: values.only.split(',').filter(Boolean),
    seconds: Number(values.seconds ?? (smoke ? 0.3 : 10)),
    rounds: Number(values.rounds ?? (smoke ? 1 : 3)),
    warmUp: smoke ? 0 : 2,
    openShares: smoke ? [] : [0.5, 0.8],
    users: Number(values.users ?? (smoke ? 1_000 : 20_000)),
    sizes,
    json: values.json,
    keep: values.keep,
  };
}

/** @typedef {ReturnType<typeof readOptions>} Options */
