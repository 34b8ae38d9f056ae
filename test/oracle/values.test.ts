import test from 'ava';
import { ComponentError } from '../../component/component-error.ts';
import { hostFunction } from '../../component/host-interface.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import { abiProbe } from '../support/abi-probe.ts';
import { jcoOracle } from './jco/oracle.ts';
import type { OracleAnswer, RunJob } from './jobs.ts';
import { fromJson, toJson } from './json.ts';
import { trapKind } from './trap-kinds.ts';
import type { Outcome, ProbeCall } from './value-corpus.ts';
import { SINKS, TYPES, backwards, callsFor, callsUnderUs } from './value-corpus.ts';
import { wasmtimeOracle } from './wasmtime/oracle.ts';

function callsOf(component: Uint8Array, oracle: 'jco' | 'wasmtime'): ProbeCall[] {
  const forwards = TYPES.flatMap((type, index) => callsFor(type, index, oracle));
  return [...forwards, ...backwards(forwards, callsUnderUs(component, forwards))];
}

function jobOf(component: Uint8Array, calls: readonly ProbeCall[]): RunJob {
  return {
    kind: 'run',
    component,
    hosts: SINKS,
    resources: [],
    instances: 'each',
    calls: calls.map(({ export: name, arg, argType, resultType }) => {
      return { path: [name], args: [arg], params: [{ name: 'x', type: argType }], result: resultType };
    }),
  };
}

function outcomesOf(answer: OracleAnswer, calls: readonly ProbeCall[]): Outcome[] {
  if (answer.kind !== 'ran') throw new Error(`the oracle does not run the probe: ${toJson(answer)}`);
  return answer.outcomes.map((outcome, index): Outcome => {
    if ('trap' in outcome) return { trap: trapKind(outcome.trap) };
    return { value: calls[index]?.export.startsWith('feed') === true ? outcome.given[0]?.[0] : outcome.value };
  });
}

/** Lines that say where two engines differ. `kinds` false: a trap is a trap. */
function differences(
  calls: readonly ProbeCall[],
  mine: readonly Outcome[],
  theirs: readonly Outcome[],
  kinds: boolean,
): string[] {
  const shown = (outcome: Outcome | undefined): string =>
    outcome !== undefined && 'trap' in outcome && !kinds ? 'trap' : toJson(outcome);
  // Our own through JSON as well: what both sides lose there, they lose alike.
  const ours = fromJson(toJson(mine)) as Outcome[];
  return calls.flatMap((call, index) => {
    const [a, b] = [shown(ours[index]), shown(theirs[index])];
    return a === b ? [] : [`${call.export} (${call.type.kind}) of ${toJson(call.arg)}: ours ${a}, theirs ${b}`];
  });
}

test('every value type crosses the border as it does under jco, in both directions, as bytes and as core values', async (t) => {
  const component = await abiProbe(TYPES);
  const calls = callsOf(component, 'jco');
  const theirs = outcomesOf(await jcoOracle(t).ask(jobOf(component, calls)), calls);
  t.deepEqual(differences(calls, callsUnderUs(component, calls), theirs, false), []);
  t.true(theirs.filter((outcome) => 'trap' in outcome).length > 20, 'hostile bytes were among them');
  t.true(theirs.filter((outcome) => 'value' in outcome).length > 500, 'good values were among them');
});

for (const encoding of ['utf8', 'utf16', 'compact-utf16'] as const) {
  test(`every value type crosses the border as it does under wasmtime, and traps alike, with strings in ${encoding}`, async (t) => {
    const oracle = wasmtimeOracle(t);
    if (oracle === undefined) return;
    const component = await abiProbe(TYPES, encoding);
    const calls = callsOf(component, 'wasmtime');
    const theirs = outcomesOf(await oracle.ask(jobOf(component, calls)), calls);
    t.deepEqual(differences(calls, callsUnderUs(component, calls), theirs, true), []);
    t.true(theirs.filter((outcome) => 'trap' in outcome).length > 50, 'hostile bytes were among them');
    t.true(theirs.filter((outcome) => 'value' in outcome).length > 1000, 'good values were among them');
  });
}

test('a component that asks for another type than is offered does not link', async (t) => {
  const { u32, u64 } = PRIMITIVE_TYPES;
  const component = await abiProbe([u32]);
  const host = new Map([['sink-t0', hostFunction([{ name: 'x', type: u64 }], undefined, () => undefined)]]);
  const error = t.throws(() => linkComponent(component, new Map([['probe:abi/host', host]]), { memoryPages: 16 }), {
    instanceOf: ComponentError,
  });
  t.is(error?.code, 'import-type-mismatch');
});
