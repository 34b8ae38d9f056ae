import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import type { JsonTextErrorCode, JsonValue } from './json-text.ts';
import { JsonTextError, readJson } from './json-text.ts';

const encoder = new TextEncoder();
const LIMITS = { maxBytes: 4096 };
const read = (text: string) => readJson(encoder.encode(text), LIMITS);

/** What JSON.parse would give, so that the two can be compared. */
function plain(value: JsonValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, plain(member)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

test('readJson() reads what JSON.parse reads of whatever JSON.stringify writes', (t) => {
  const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' });
  const law = fc.property(json, fc.constantFrom(0, 1, 2), (value, indent) => {
    const text = JSON.stringify(value, undefined, indent);
    t.deepEqual(plain(readJson(encoder.encode(text), { maxBytes: 1 << 20 })), JSON.parse(text));
  });
  t.notThrows(() => fc.assert(law, { numRuns: 200 }));
});

test('readJson() accepts no text that JSON.parse refuses', (t) => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '1',
    '-',
    '.5',
    'e3',
    'true',
    'null',
    ' ',
    '\\u0041',
    '//',
  );
  const law = fc.property(fc.array(pieces, { maxLength: 9 }), (parts) => {
    const text = parts.join('');
    let mine: JsonValue;
    try {
      mine = read(text);
    } catch (error) {
      return error instanceof JsonTextError;
    }
    t.deepEqual(plain(mine), JSON.parse(text));
    return true;
  });
  t.notThrows(() => fc.assert(law, { numRuns: 2000 }));
});

test('readJson() skips a UTF-8 byte order mark at the front, as published manifests have it', (t) => {
  t.is(readJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31), LIMITS), 1);
});

test('readJson() gives __proto__ no power: it is a key like any other', (t) => {
  const value = read('{"__proto__":{"admin":true},"constructor":1}');
  t.true(value instanceof Map && value.size === 2);
  t.is(({} as Record<string, unknown>)['admin'], undefined);
});

const refused: readonly (readonly [why: string, text: string, code: JsonTextErrorCode, path: string, at: string])[] = [
  ['a trailing comma in an object', '{\n  "a": 1,\n}', 'json-trailing-comma', '$', '2:9'],
  ['a trailing comma in an array', '{"a":[1,]}', 'json-trailing-comma', '$.a', '1:8'],
  ['a line comment', '{\n// no\n}', 'json-comment', '$', '2:1'],
  ['a block comment', '[1 /* no */]', 'json-comment', '$', '1:4'],
  ['a key that stands twice', '{"a":1,\n "a":2}', 'json-duplicate-key', '$.a', '2:2'],
  ['a key that stands twice in another spelling', '{"a":1,"\\u0061":2}', 'json-duplicate-key', '$.a', '1:8'],
  ['a key that stands twice, deep inside', '{"a":[{"b c":1,"b c":1}]}', 'json-duplicate-key', '$.a[0]["b c"]', '1:16'],
  ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 'json-duplicate-key', '$.__proto__', '1:16'],
  ['more levels than the bound', '['.repeat(17), 'json-too-deep', `$${'[0]'.repeat(16)}`, '1:17'],
  [
    '100,000 levels, which would end the stack of a careless reader',
    '['.repeat(4000),
    'json-too-deep',
    `$${'[0]'.repeat(16)}`,
    '1:17',
  ],
  ['a number that no float holds', '[1e999]', 'json-number-out-of-range', '$[0]', '1:2'],
  ['half a surrogate pair', '["\\ud800"]', 'json-string-malformed', '$[0]', '1:2'],
  ['a second value', '1 2', 'json-syntax', '$', '1:3'],
  ['nothing', '', 'json-syntax', '$', '1:1'],
  ['a key without quotes', '{a:1}', 'json-syntax', '$', '1:2'],
  ['single quotes', "['a']", 'json-syntax', '$[0]', '1:2'],
  ['a string without an end', '"a', 'json-syntax', '$', '1:3'],
  ['a line end in a string', '"a\nb"', 'json-syntax', '$', '1:3'],
  ['an unknown escape', '"\\x41"', 'json-syntax', '$', '1:2'],
  ['an escape of three digits', '"\\u004"', 'json-syntax', '$', '1:2'],
  ['a missing colon', '{"a" 1}', 'json-syntax', '$.a', '1:6'],
  ['a missing comma', '[1 2]', 'json-syntax', '$', '1:4'],
  ['a leading zero', '[012]', 'json-syntax', '$', '1:3'],
  ['a plus sign', '[+1]', 'json-syntax', '$[0]', '1:2'],
  ['NaN', '[NaN]', 'json-syntax', '$[0]', '1:2'],
  ['a word that begins like true', '[trueish]', 'json-syntax', '$', '1:6'],
  ['a no-break space', '[\u00a01]', 'json-syntax', '$[0]', '1:2'],
  ['a second byte order mark', '\ufeff\ufeff1', 'json-syntax', '$', '1:1'],
  ['an object that does not end', '{"a":1', 'json-syntax', '$', '1:7'],
];
for (const [why, text, code, path, at] of refused) {
  test(`readJson() refuses ${why}, and says where`, (t) => {
    const error = t.throws(() => read(text), { instanceOf: JsonTextError });
    t.is(error?.code, code);
    t.is(error?.path, path);
    t.is(`${error?.position?.line}:${error?.position?.column}`, at);
    t.truthy(error?.hint);
  });
}

test('readJson() counts lines that end with CR LF as one', (t) => {
  const error = t.throws(() => read('{\r\n"a":1,\r\n}'), { instanceOf: JsonTextError });
  t.deepEqual(error?.position, { line: 2, column: 6 });
});

test('readJson() refuses bytes that are no UTF-8', (t) => {
  // A stray continuation byte, an overlong slash, UTF-16 with its mark.
  for (const bytes of [
    [0x22, 0x80, 0x22],
    [0x22, 0xc0, 0xaf, 0x22],
    [0xff, 0xfe, 0x31, 0],
  ]) {
    const error = t.throws(() => readJson(Uint8Array.from(bytes), LIMITS), { instanceOf: JsonTextError });
    t.is(error?.code, 'json-not-utf8');
  }
});

test('readJson() looks at the size before anything else: 10 MB are not read', (t) => {
  const error = t.throws(() => readJson(new Uint8Array(10_000_000), LIMITS), { instanceOf: JsonTextError });
  t.is(error?.code, 'json-too-large');
  t.notThrows(() => readJson(encoder.encode('1'.padEnd(4096)), LIMITS));
});

test('readJson() cuts a long key in a path, so that an error stays short', (t) => {
  const key = 'k'.repeat(1000);
  const error = t.throws(() => read(`{"${key}":1,"${key}":1}`), { instanceOf: JsonTextError });
  t.true((error?.path.length ?? Infinity) < 100);
  t.true((error?.message.length ?? Infinity) < 200);
});

test('readJson() throws nothing but its own codes, whatever the bytes', (t) => {
  const codes: JsonTextErrorCode[] = ['json-not-utf8', 'json-syntax', 'json-trailing-comma', 'json-comment'];
  codes.push('json-duplicate-key', 'json-too-deep', 'json-number-out-of-range', 'json-string-malformed');
  const seed = encoder.encode('{"a":[1,2.5e-3,{"b":"\\u00e9\\n"}],"c":null,"d":true}');
  codedErrorsOnly(t, (bytes) => readJson(bytes, LIMITS), [seed], codes);
});
