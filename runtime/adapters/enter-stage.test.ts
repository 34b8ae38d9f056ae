import test from 'ava';
import { enterStage } from './enter-stage.ts';

const code = (text: string) => new TextEncoder().encode(text);

test('a stage is entered with its handover, and answers', async (t) => {
  const handover = { machine: Symbol('machine') };
  t.is(await enterStage(code('export default async (handover) => handover'), handover), handover);
});

test('a stage is fresh each time: nothing of an earlier entry is left in it', async (t) => {
  const counting = code('let entries = 0; export default async () => ++entries;');
  t.deepEqual([await enterStage(counting, {}), await enterStage(counting, {})], [1, 1]);
});

test('a stage runs as the bytes say, whatever characters they hold', async (t) => {
  t.is(await enterStage(code(`export default async () => 'ü # % \\u0000 ,'`), {}), 'ü # % \u0000 ,');
});

test('what is no stage is refused, and a stage that throws says so', async (t) => {
  await t.throwsAsync(enterStage(code('export default 7'), {}), { instanceOf: TypeError });
  await t.throwsAsync(enterStage(code('export const other = 1'), {}), { instanceOf: TypeError });
  await t.throwsAsync(enterStage(code('this is no module'), {}), { instanceOf: SyntaxError });
  await t.throwsAsync(enterStage(code(`export default async () => { throw new RangeError('on its own') }`), {}), {
    instanceOf: RangeError,
  });
});
