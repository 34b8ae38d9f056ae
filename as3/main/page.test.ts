import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';

test('the service prints the address of its page, and leaves its token in no file', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'casemate-page-'));
  const args = [
    '--store',
    `sqlite:${join(state, 'service.db')}`,
    '--state',
    state,
    '--port',
    '0',
    '--until-input-ends',
  ];
  const child = spawn(process.execPath, [join(import.meta.dirname, 'serve.ts'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((end) => child.once('close', end));
  t.teardown(async () => {
    child.stdin.end();
    await ended;
    rmSync(state, { recursive: true, force: true });
  });
  const line = await new Promise<string>((printed) => {
    child.stdout.setEncoding('utf8').once('data', printed);
  });
  const { page } = JSON.parse(line) as { page: string };
  const token = new URL(page).searchParams.get('token') ?? '';
  t.regex(token, /^[A-Za-z0-9_-]{43}$/);
  const opened = await fetch(page, { redirect: 'manual' });
  t.is(opened.status, 303);
  const cookie = opened.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const shown = await fetch(new URL('/', page), { headers: { cookie } });
  t.true((await shown.text()).includes('<title>Casemate service</title>'));
  for (const entry of readdirSync(state, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = readFileSync(join(entry.parentPath, entry.name), 'latin1');
    t.false(bytes.includes(token), entry.name);
    t.false(bytes.includes(cookie.split('=')[1] ?? token), entry.name);
  }
});
