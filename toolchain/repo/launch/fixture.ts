// A checkout in miniature, with an npm that installs nothing but a link to the running Node, for the launcher's tests.
// It must never reach the real npm: its folder is the only one on the PATH.

import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../check/tree.ts';

export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

const INTEGRITY = 'sha512-fixture';
const LOCK = {
  name: 'fixture',
  lockfileVersion: 3,
  packages: {
    '': { name: 'fixture', dependencies: { 'left-pad': '1.0.0' } },
    'node_modules/left-pad': { version: '1.0.0', integrity: INTEGRITY },
    'node_modules/elsewhere': { version: '1.0.0', integrity: INTEGRITY, optional: true, os: ['elsewhere'] },
  },
};

/** Installs as npm does in what the launcher can see: packages, its hidden record, its exit code. */
const FAKE_NPM = `#!${process.execPath}
import fs from 'node:fs';
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
console.log('npm talks on stdout');
if (fs.existsSync('npm-fails')) process.exit(7);
setTimeout(() => {
  fs.mkdirSync('node_modules/left-pad', { recursive: true });
  fs.copyFileSync('record.json', 'node_modules/.package-lock.json');
}, 300);
`;

const TOOLS = {
  'toolchain/cli/main.ts': 'console.log(JSON.stringify(process.argv.slice(2)));',
  'toolchain/repo/exit-with.ts': 'process.exitCode = Number(process.argv[2]);',
  'toolchain/repo/die-of.ts':
    'process.kill(process.pid, process.argv[2] as NodeJS.Signals); setInterval(() => {}, 1000);',
  'toolchain/repo/await-signal.ts': `
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => { console.log(name); process.exit(3); });
    setInterval(() => {}, 1000);
    console.log('ready');
  `,
};

export class Fixture {
  readonly root = mkdtempSync(join(realpathSync(tmpdir()), 'casemate-launch-'));
  readonly casemate = join(this.root, 'toolchain/repo/casemate.mjs');

  constructor() {
    for (const name of ['casemate.mjs', 'launch'])
      cpSync(join(ROOT, 'toolchain/repo', name), join(this.root, 'toolchain/repo', name), { recursive: true });
    for (const [path, text] of Object.entries(TOOLS)) this.write(path, text);
    this.write('package.json', JSON.stringify({ type: 'module', dependencies: { 'left-pad': '1.0.0' } }));
    this.write('package-lock.json', JSON.stringify(LOCK));
    const { '': _root, 'node_modules/elsewhere': _elsewhere, ...installed } = LOCK.packages;
    this.write('record.json', JSON.stringify({ ...LOCK, packages: installed }));
    this.write('bin/npm', FAKE_NPM);
    chmodSync(join(this.root, 'bin/npm'), 0o755);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** The arguments of every call of npm so far. */
  npmCalls(): string[] {
    const path = join(this.root, 'npm-calls');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** Starts the launcher, or another file that leads to it; `onStdout` sees the output so far and the process. */
  start(
    args: readonly string[],
    onStdout?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void,
    file = this.casemate,
  ): Promise<Ended> {
    const env = { PATH: join(this.root, 'bin') };
    const child = spawn(process.execPath, [file, ...args], { cwd: tmpdir(), env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => {
      stdout += text.toString();
      onStdout?.(stdout, (signal) => child.kill(signal));
    });
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    return new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
