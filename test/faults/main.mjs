// Runs the fault program without a test runner: its simulators are TypeScript, and Vite compiles them on the way in.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('faults.ts', import.meta.url).pathname);
process.exit(await module.main(process.argv.slice(2)));
