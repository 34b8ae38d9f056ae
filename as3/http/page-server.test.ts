import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { FleetOverview } from '../../contracts/wire/service-page.ts';
import { JournalFeed } from '../domain/journal.ts';
import { readPageAssets } from '../main/page-assets.ts';
import { MAX_EVENT_STREAMS, pageServer } from './page-server.ts';

const HOSTILE = '</script><img src=x onerror=alert(1)>';
const none = { items: [], isCut: false };
const OVERVIEW: FleetOverview = {
  catalogs: { items: [{ id: 'c', name: HOSTILE, resourceGroup: 'rg' }], isCut: false },
  deviceGroups: none,
  devices: none,
  images: none,
};

interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Bench {
  readonly port: number;
  readonly url: URL;
  readonly journal: JournalFeed;
  readonly reports: unknown[];
  readonly ask: (path: string, headers?: Record<string, string>, method?: string) => Promise<Heard>;
  /** Opens the printed address, and answers with the cookie. */
  readonly enter: () => Promise<Record<string, string>>;
}

async function bench(t: ExecutionContext, overview = async () => OVERVIEW): Promise<Bench> {
  const journal = new JournalFeed({ nowMs: () => 0 });
  const reports: unknown[] = [];
  const server = pageServer({
    overview: { read: overview },
    journal,
    assets: await readPageAssets(),
    newToken: () => randomBytes(32).toString('base64url'),
    report: (error) => reports.push(error),
  });
  const url = new URL(await server.listen(0));
  t.teardown(() => server.close());
  const port = Number(url.port);
  const ask: Bench['ask'] = (path, headers = {}, method = 'GET') =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, agent: false, headers }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
        answer.on('error', reject);
      });
      sent.on('error', reject);
      sent.end();
    });
  const enter = async () => {
    const { headers } = await ask(`${url.pathname}${url.search}`);
    return { cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '' };
  };
  return { port, url, journal, reports, ask, enter };
}

const PATHS = ['/', '/page.js', '/page.css', '/overview.json', '/events', '/nothing', '//', '/?token=', '/?token=x'];

test('nothing is given to a request without the session', async (t) => {
  const { ask } = await bench(t);
  for (const path of PATHS) {
    for (const cookie of ['', 'casemate-page=', 'casemate-page=x', `casemate-page=${'A'.repeat(43)}`]) {
      const { status, headers, body } = await ask(path, cookie === '' ? {} : { cookie });
      t.true(status === 403 || status === 400, `${path} ${cookie} ${status}`);
      t.is(headers['set-cookie'], undefined);
      t.true(body.length < 100);
    }
  }
});

test('the printed address opens the session once', async (t) => {
  const { ask, url } = await bench(t);
  const first = await ask(`/${url.search}`);
  t.is(first.status, 303);
  t.is(first.headers.location, '/');
  const [cookie = ''] = first.headers['set-cookie'] ?? [];
  t.regex(cookie, /^casemate-page=[A-Za-z0-9_-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
  t.false(cookie.includes(url.searchParams.get('token') ?? 'no token'));
  const again = await ask(`/${url.search}`);
  t.deepEqual([again.status, again.headers['set-cookie']], [403, undefined]);
  // Whoever has the session already is sent on, and gets no other one.
  const own = await ask(`/${url.search}`, { cookie: cookie.split(';')[0] ?? '' });
  t.deepEqual([own.status, own.headers['set-cookie']], [303, undefined]);
});

test('with the session there are page, script, style and overview, each under the strict policy', async (t) => {
  const { ask, enter } = await bench(t);
  const cookie = await enter();
  for (const [path, type] of [
    ['/', 'text/html; charset=utf-8'],
    ['/page.js', 'text/javascript; charset=utf-8'],
    ['/page.css', 'text/css; charset=utf-8'],
    ['/overview.json', 'application/json'],
  ] as const) {
    const { status, headers } = await ask(path, cookie);
    t.deepEqual([status, headers['content-type']], [200, type]);
    t.regex(headers['content-security-policy'] as string, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    t.false((headers['content-security-policy'] as string).includes('unsafe'));
    t.is(headers['x-content-type-options'], 'nosniff');
    t.is(headers['cache-control'], 'no-store');
    t.is(headers['access-control-allow-origin'], undefined);
  }
  t.is((await ask('/nothing', cookie)).status, 404);
});

test('the page has no inline script or style, and its script makes no markup of text', async (t) => {
  const { html, script } = await readPageAssets();
  t.regex(html, /<script type="module" src="\/page.js"><\/script>/);
  t.is([...html.matchAll(/<script/g)].length, 1);
  t.notRegex(html, /<style|\son[a-z]+=|style=/);
  t.notRegex(script, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
});

test('a name that is markup leaves the service as JSON that no browser takes for a page', async (t) => {
  const { ask, enter, journal } = await bench(t);
  const cookie = await enter();
  const { headers, body } = await ask('/overview.json', cookie);
  t.is(headers['content-type'], 'application/json');
  t.is((JSON.parse(body) as FleetOverview).catalogs.items[0]?.name, HOSTILE);
  journal.record({
    kind: 'image-refused',
    catalogId: null,
    deviceId: null,
    code: null,
    text: `${HOSTILE}\n\ndata: {}`,
  });
  t.is((await ask('/', cookie)).body.includes(HOSTILE), false);
});

for (const [what, headers, status] of [
  ['another name for this address', { host: 'attacker.example' }, 421],
  ['another port', { host: 'localhost:1' }, 421],
  ['no port', { host: 'localhost' }, 421],
  ['another origin', { origin: 'http://attacker.example' }, 403],
  ['a page of another port of this machine', { 'sec-fetch-site': 'same-site' }, 403],
  ['a page of elsewhere', { 'sec-fetch-site': 'cross-site' }, 403],
] as const) {
  test(`a request with ${what} is refused, session or not`, async (t) => {
    const { ask, enter, url } = await bench(t);
    t.is((await ask(`/${url.search}`, headers)).status, status);
    const cookie = await enter();
    for (const path of ['/', '/overview.json', '/events'])
      t.is((await ask(path, { ...cookie, ...headers })).status, status);
  });
}

test('the browser’s own ways of asking are let in', async (t) => {
  const { ask, enter, port } = await bench(t);
  const cookie = await enter();
  for (const headers of [
    { host: `localhost:${port}` },
    { host: `127.0.0.1:${port}`, 'sec-fetch-site': 'none' },
    { host: `localhost:${port}`, 'sec-fetch-site': 'same-origin', origin: `http://localhost:${port}` },
  ]) {
    t.is((await ask('/overview.json', { ...cookie, ...headers })).status, 200);
  }
});

test('there is nothing but GET', async (t) => {
  const { ask, enter } = await bench(t);
  const cookie = await enter();
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']) {
    const { status, headers } = await ask('/', cookie, method);
    t.deepEqual([status, headers.allow], [405, 'GET']);
  }
});

interface Stream {
  readonly status: number;
  text(): string;
  until(text: string): Promise<void>;
  end(): void;
}
function stream(port: number, headers: Record<string, string>): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/events', agent: false, headers }, (answer) => {
      let heard = '';
      const waiting = new Set<() => void>();
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        heard += chunk;
        for (const look of waiting) look();
      });
      answer.on('error', () => undefined);
      resolve({
        status: answer.statusCode ?? 0,
        text: () => heard,
        until: (text) =>
          new Promise((done) => {
            const look = (): void => {
              if (heard.includes(text)) done();
            };
            waiting.add(look);
            look();
          }),
        end: () => sent.destroy(),
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('events come as they happen, after those that have happened, each in one message', async (t) => {
  const { enter, journal, port } = await bench(t);
  const cookie = await enter();
  const entry = { kind: 'image-added', catalogId: null, deviceId: null, code: null } as const;
  journal.record({ ...entry, text: 'before' });
  const events = await stream(port, cookie);
  await events.until('before');
  journal.record({ ...entry, text: 'two\n\nlines' });
  await events.until('lines');
  const messages = events.text().split('\n\n').slice(0, -1);
  t.deepEqual(
    messages.slice(1).map((message) => (JSON.parse(message.replace(/^data: /, '')) as { text: string }).text),
    ['before', 'two\n\nlines'],
  );
  events.end();
});

test('only so many streams are kept, and one that ends makes room', async (t) => {
  const { enter, port } = await bench(t);
  const cookie = await enter();
  const open = await Promise.all(Array.from({ length: MAX_EVENT_STREAMS }, () => stream(port, cookie)));
  t.true(open.every(({ status }) => status === 200));
  const refused = await stream(port, cookie);
  t.is(refused.status, 503);
  open[0]?.end();
  let next = await stream(port, cookie);
  for (let turns = 0; next.status !== 200 && turns < 100; turns++) {
    await new Promise((turn) => setTimeout(turn, 10));
    next = await stream(port, cookie);
  }
  t.is(next.status, 200);
  for (const each of [...open, next]) each.end();
});

test('a failure inside is told to the log, and not to the page', async (t) => {
  const { ask, enter, reports } = await bench(t, () => Promise.reject(new Error('secret words')));
  const { status, body } = await ask('/overview.json', await enter());
  t.is(status, 500);
  t.false(body.includes('secret'));
  t.is((reports[0] as Error).message, 'secret words');
});
