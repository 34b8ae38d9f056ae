// `casemate doctor`: what this machine has, what is missing for what, and the command that installs it. Never installs anything.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { inCheckout } from '../../factory/checkout.ts';
import { table } from '../table.ts';

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** Without it `casemate up` cannot run. */
  readonly required: boolean;
  readonly found: string;
  readonly neededFor: string;
  /** The command that installs it; empty when nothing has to be done. */
  readonly install: string;
}

const PIP = 'apt-get install python3-pip';
const MEGABYTE = 1024 * 1024;
/** One device has 16 MiB of flash; a story makes three. */
const WANTED_FREE_BYTES = 256 * MEGABYTE;

export function registerDoctor(root: Command, { outcome, cwd }: CommandContext): void {
  root
    .command('doctor')
    .description(
      'Says what this machine has, what is missing for which language or feature, and the command that installs it.',
    )
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  npx casemate doctor')
    .action(() => {
      const findings = [
        engine(),
        compiler(),
        componentTools(),
        fifo(),
        stateFolder(cwd),
        walls(),
        optional('setpriv', ['--version'], 'the end of a device’s processes with it', 'apt-get install util-linux'),
        optional('unshare', ['--version'], 'namespaces around the processes of a device', 'apt-get install util-linux'),
        optional('perl', ['-e', 'print "perl $^V"'], 'a list of system calls for them', 'apt-get install perl-base'),
        optional('openssl', ['version'], 'an independent check of certificates in tests', 'apt-get install openssl'),
        optional('python3', ['-m', 'pip', '--version'], 'wasmtime, to compare with in tests', PIP),
        optional('tar', ['--version'], 'the adapter of WASI 0.1, in tests', 'apt-get install tar'),
      ];
      const ok = findings.every((finding) => finding.ok || !finding.required);
      outcome.result({ ok, findings }, () => {
        const rows = findings.map((finding) => [
          finding.ok ? 'ok' : finding.required ? 'MISSING' : 'absent',
          finding.what,
          finding.found,
          finding.ok ? finding.neededFor : finding.install,
        ]);
        return table(['', 'WHAT', 'FOUND', 'NEEDED FOR / INSTALL WITH'], rows);
      });
      if (!ok) process.exitCode = 1;
    });
}

/** What cannot be told without standing the walls up, which a device does at power-on. */
function walls(): Finding {
  const ok = process.platform === 'linux' && process.getuid?.() === 0;
  return {
    what: 'walls around a device',
    ok,
    required: false,
    found: ok ? 'Linux, root' : `${process.platform}, not root`,
    neededFor: 'own users, control groups; all of them: npx casemate device show-isolation',
    install: 'run as root on Linux; with a device on, npx casemate device show-isolation tells what stands without',
  };
}

function engine(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return {
    what: 'Node 26',
    ok: major >= 26,
    required: true,
    found: process.version,
    neededFor: 'everything',
    install: 'npm ci',
  };
}

function compiler(): Finding {
  const ok = existsSync(inCheckout('node_modules/@yowasp/clang/package.json'));
  return {
    what: 'C compiler (clang from npm)',
    ok,
    required: true,
    found: ok ? '@yowasp/clang' : 'nothing',
    neededFor: 'apps in C',
    install: 'npm ci',
  };
}

function componentTools(): Finding {
  const ok = existsSync(inCheckout('node_modules/@bytecodealliance/jco-transpile/package.json'));
  return {
    what: 'wasm-tools (from npm)',
    ok,
    required: true,
    found: ok ? 'jco-transpile' : 'nothing',
    neededFor: 'casemate build',
    install: 'npm ci',
  };
}

function fifo(): Finding {
  const { status, error } = spawnSync('mkfifo', ['--version']);
  // A mkfifo that knows no --version (BSD) is there all the same.
  const ok = error === undefined;
  return {
    what: 'mkfifo',
    ok,
    required: true,
    found: ok ? `exit ${status}` : 'nothing',
    neededFor: 'the pipes between apps and OS',
    install: 'apt-get install coreutils',
  };
}

function stateFolder(cwd: string): Finding {
  const folder = nearestExisting(resolve(cwd, '.casemate'));
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const ok = isWritable(folder) && free >= WANTED_FREE_BYTES;
  return {
    what: 'state folder',
    ok,
    required: true,
    found: `${folder}, ${Math.round(free / MEGABYTE)} MB free`,
    neededFor: 'devices and keys',
    install: 'choose another with --state DIR',
  };
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}

function optional(program: string, args: readonly string[], neededFor: string, install: string): Finding {
  const { status, stdout, error } = spawnSync(program, args, { encoding: 'utf8' });
  const ok = error === undefined && status === 0;
  return {
    what: program,
    ok,
    required: false,
    found: ok ? (stdout.split('\n')[0] ?? '') : 'nothing',
    neededFor,
    install,
  };
}
