import test from 'ava';
import type { ExecutionContext } from 'ava';
import { ComponentError } from '../../component/component-error.ts';
import type { Value } from '../../component/value-types.ts';
import type { LinkedComponent } from '../../runtime/compartment/link.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import { corpus } from '../support/corpus.ts';
import { wastValue } from '../support/wast-values.ts';
import type { JcoOracle } from './jco/oracle.ts';
import { jcoOracle } from './jco/oracle.ts';
import type { OracleAnswer, OracleCall, RunJob } from './jobs.ts';
import { toJson } from './json.ts';
import { ChildDied } from './line-child.ts';
import type { ScriptCase } from './script-corpus.ts';
import { scriptCases } from './script-corpus.ts';
import { trapKind } from './trap-kinds.ts';
import { wasmtimeOracle } from './wasmtime/oracle.ts';

const LIMITS = { memoryPages: 1024 };

/** What a component came to, here or under an oracle, call by call; a start that fails is all there is. */
type Run = readonly string[];

interface Ran {
  readonly run: Run;
  readonly job: RunJob;
}

function linkOf({ bytes }: ScriptCase): LinkedComponent | string {
  if (bytes === undefined) throw new Error('wasm-tools does not parse a script of the reference tests');
  try {
    return linkComponent(bytes, new Map(), LIMITS);
  } catch (error) {
    if (error instanceof ComponentError) return error.code;
    throw error;
  }
}

function runHere(found: ScriptCase, linked: LinkedComponent): Ran {
  const calls: OracleCall[] = [];
  const job: RunJob = {
    kind: 'run',
    component: found.bytes ?? new Uint8Array(),
    hosts: [],
    resources: [],
    instances: 'one',
    calls,
  };
  try {
    linked.start();
  } catch (error) {
    return { run: [`start: ${trapKind(error)}`], job };
  }
  const run = found.calls.map(({ name, args }) => {
    const func = linked.func(name);
    const values = func.type.params.map(({ type }, index) => wastValue(args[index], type));
    calls.push({ path: [name], args: values, params: func.type.params, result: func.type.result ?? null });
    return outcomeOf(() => func.call(...values));
  });
  return { run, job };
}

function outcomeOf(call: () => Value): string {
  try {
    return toJson({ value: call() });
  } catch (error) {
    return trapKind(error);
  }
}

function theirRun(answer: OracleAnswer): Run {
  if (answer.kind === 'refused') return [`start: ${trapKind(answer.why)}`];
  if (answer.kind !== 'ran') throw new Error(`an answer of another kind: ${answer.kind}`);
  return answer.outcomes.map((outcome) =>
    'trap' in outcome ? trapKind(outcome.trap) : toJson({ value: outcome.value }),
  );
}

async function cases(t: ExecutionContext): Promise<readonly ScriptCase[] | undefined> {
  const folder = corpus(t, 'component-model');
  return folder === undefined ? undefined : scriptCases(folder);
}

/**
 * Valid components that do not link here, by the code that says why. A number may only fall: what is outside of WASI 0.2 stays, anything
 * else is a fault of the reader.
 */
const VALID_BUT_REFUSED: Readonly<Record<string, number>> = {
  // Exceptions between modules: not among the instructions that run here.
  'core-feature-not-supported': 4,
  // Two memories in one core module: one is capped, and the glue knows one.
  'memories-too-many': 3,
  // The 0.3 ABI: async lifts, streams and futures, most of them in one script about what post-return becomes.
  'async-not-supported': 32,
  // A map type.
  'feature-not-supported': 1,
};

test('every reference component that wasmtime or its script calls invalid is refused, and the valid ones link or are refused by a code that says why', async (t) => {
  const all = await cases(t);
  const oracle = all === undefined ? undefined : wasmtimeOracle(t);
  if (all === undefined || oracle === undefined) return;
  const refused: Record<string, number> = {};
  for (const found of all) {
    const linked = linkOf(found);
    const judged = await oracle.ask({ kind: 'validate', binary: found.bytes ?? new Uint8Array() });
    const invalid = found.stands === 'invalid' || (judged.kind === 'validated' && judged.invalid !== null);
    if (invalid) t.is(typeof linked, 'string', `${found.where} is invalid and links`);
    if (typeof linked === 'string' && found.stands !== 'invalid') refused[linked] = (refused[linked] ?? 0) + 1;
  }
  t.deepEqual(refused, VALID_BUT_REFUSED);
  t.true(all.length >= 176, 'the corpus has grown smaller');
});

test('the reference components run as they do under wasmtime: same results, same kinds of traps', async (t) => {
  const all = await cases(t);
  const oracle = all === undefined ? undefined : wasmtimeOracle(t);
  if (all === undefined || oracle === undefined) return;
  let compared = 0;
  for (const found of all) {
    const linked = linkOf(found);
    if (typeof linked === 'string') continue;
    const { run, job } = runHere(found, linked);
    t.deepEqual(run, theirRun(await oracle.ask(job)), found.where);
    compared += run.length;
  }
  t.true(compared >= 280, `only ${compared} calls were compared`);
});

async function runUnderJco(oracle: JcoOracle, job: RunJob): Promise<Run> {
  try {
    return theirRun(await oracle.ask(job));
  } catch (error) {
    if (!(error instanceof ChildDied)) throw error;
    return ['died'];
  }
}

/**
 * Where jco's generated glue is known to be wrong; the canonical ABI, the script's own assertion and wasmtime agree with us. A row that
 * is no longer needed fails the test.
 */
const JCO_IS_WRONG: readonly (readonly [string, string])[] = [
  ['linking/unit.wast:616', 'it loses its task record when a start function calls out'],
  ['resources/handle-table.wast:200', 'an unknown handle is dropped without a trap'],
  ['resources/handle-table.wast:208', 'an unknown handle is dropped without a trap'],
  ['resources/handle-table.wast:217', 'an unknown handle is dropped without a trap'],
  ['resources/handle-table.wast:265', 'an unknown handle is dropped without a trap'],
  ['resources/handle-table.wast:297', 'it takes no component that exports a type'],
  [
    'resources/multiple-resources.wast:4',
    'handles of two resource types get other numbers than the shared table gives',
  ],
  ['values/alignment.wast:143', 'it panics'],
  ['values/concat.wast:3', 'it takes no component that exports a type'],
  ['values/numerics.wast:69', 'it refuses the unused bits of narrow numbers'],
  ['values/numerics.wast:306', 'it takes no component that exports a type'],
  ['values/realloc.wast:110', 'it does not check what realloc gives for nothing'],
  ['values/strings.wast:72', 'it repairs bad UTF-8'],
  ['values/strings.wast:88', 'it repairs bad UTF-8'],
  ['values/transcode.wast:205', 'it panics'],
  ['values/transcode.wast:323', 'it panics'],
];

test('the reference components run as they do under jco, but where jco is wrong', async (t) => {
  const all = await cases(t);
  if (all === undefined) return;
  const oracle = jcoOracle(t);
  const different = new Set<string>();
  let compared = 0;
  for (const found of all) {
    const linked = linkOf(found);
    if (typeof linked === 'string') continue;
    const { run, job } = runHere(found, linked);
    const shown = (line: string): string => (line.startsWith('{') ? line : 'trap');
    const theirs = await runUnderJco(oracle, job);
    if (toJson(run.map(shown)) !== toJson(theirs.map(shown))) different.add(found.where);
    compared += run.length;
  }
  t.deepEqual([...different].sort(), JCO_IS_WRONG.map(([where]) => where).sort());
  t.true(compared >= 280, `only ${compared} calls were compared`);
});
