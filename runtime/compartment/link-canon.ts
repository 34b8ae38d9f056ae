// Canonical definitions: lift, lower and the resource built-ins, each checked against the core type it must have. No glue is made on trust.

import type { AbiContext, LateFunction, Suspension } from '../../component/abi/context.ts';
import { HOST_FUEL } from '../../component/abi/host-fuel.ts';
import type { InstanceState, Life } from '../../component/abi/instance-state.ts';
import { GuestMemory } from '../../component/abi/guest-memory.ts';
import { flatSignature, layoutOf } from '../../component/abi/layout.ts';
import { liftFunction } from '../../component/abi/lift-function.ts';
import { lowerFunction } from '../../component/abi/lower-function.ts';
import { dropHandle, liftRep, lowerOwn } from '../../component/abi/resource-values.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { CoreFuncType } from '../../component/core/core-types.ts';
import { describeCoreFunc, sameCoreFunc } from '../../component/core/core-types.ts';
import type { Canon, CanonOptions } from '../../component/definitions.ts';
import type { FuncType, ResourceType } from '../../component/value-types.ts';
import type { LinkBudget } from './link-budget.ts';
import { funcTypeAt, resourceAt } from './resolve-type.ts';
import type { Scope } from './scope.ts';

export interface CanonPlace {
  readonly scope: Scope;
  readonly instance: InstanceState;
  readonly life: Life;
  readonly budget: LinkBudget;
  readonly suspension: Suspension;
}

const REALLOC: CoreFuncType = { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] };

export function linkCanon(canon: Canon, place: CanonPlace): void {
  const { scope } = place;
  switch (canon.kind) {
    case 'lift':
      linkLift(canon, place);
      return;
    case 'lower': {
      const { func } = scope.get('func', canon.func);
      const context = contextOf(canon.options, func.type, 'lower', place);
      scope.addCore({ sort: 'func', ...lowerFunction(func, context) });
      return;
    }
    default:
      linkBuiltIn(canon.kind, resourceAt(scope, canon.type), place);
  }
}

function linkLift(canon: Extract<Canon, { kind: 'lift' }>, place: CanonPlace): void {
  const { scope } = place;
  const core = scope.core('func', canon.coreFunc);
  const type = funcTypeAt(scope, canon.type);
  const context = contextOf(canon.options, type, 'lift', place);
  const wanted = flatSignature(type, 'lift').core;
  checkSignature('a lifted function', core.type, wanted);
  let postReturn: LateFunction | undefined;
  if (canon.options.postReturn !== undefined) {
    const item = scope.core('func', canon.options.postReturn);
    checkSignature('post-return', item.type, { params: wanted.results, results: [] });
    postReturn = item.late;
  }
  scope.add({ sort: 'func', func: liftFunction(type, core.late, context, postReturn) });
}

function contextOf(options: CanonOptions, type: FuncType, direction: 'lift' | 'lower', place: CanonPlace): AbiContext {
  const { scope, instance, life, budget } = place;
  budget.spend(1 + type.params.length);
  const { spillsParams, spillsResult } = flatSignature(type, direction);
  const params = type.params.some((param) => layoutOf(param.type).pointers);
  const result = type.result !== undefined && layoutOf(type.result).pointers;
  const needsMemory = spillsParams || spillsResult || params || result;
  // Room is made for what goes into the guest: parameters of a lifted function, results of a lowered one.
  const needsRealloc = direction === 'lift' ? spillsParams || params : result;
  if ((needsMemory && options.memory === undefined) || (needsRealloc && options.realloc === undefined)) {
    throw new ComponentError(
      'canon-option-missing',
      `a ${direction} without ${options.memory === undefined ? 'memory' : 'realloc'}`,
    );
  }
  if (direction === 'lower' && options.postReturn !== undefined) {
    throw new ComponentError('component-malformed', 'post-return on a lowered function');
  }
  const memory = options.memory === undefined ? new GuestMemory() : scope.core('memory', options.memory).memory;
  const realloc = options.realloc === undefined ? undefined : scope.core('func', options.realloc);
  if (realloc !== undefined) checkSignature('realloc', realloc.type, REALLOC);
  return { instance, life, encoding: options.encoding, memory, realloc: realloc?.late, ...place.suspension };
}

function linkBuiltIn(
  kind: 'resource.new' | 'resource.drop' | 'resource.rep',
  resource: ResourceType,
  place: CanonPlace,
): void {
  const { scope, instance, life, suspension } = place;
  if (kind !== 'resource.drop' && resource.owner !== instance) {
    throw new ComponentError('sort-mismatch', `${kind} of a resource that another component defines`);
  }
  const guarded =
    (run: (argument: number) => number | undefined) =>
    (argument: number | bigint = 0) => {
      // Looking a representation up changes nothing, and the ABI allows it in post-return.
      if (!instance.mayLeave && kind !== 'resource.rep') throw life.refusal('cannot-leave');
      suspension.meter?.charge(HOST_FUEL.call);
      try {
        return run(Number(argument));
      } catch (cause) {
        throw life.end(cause);
      }
    };
  const built = {
    'resource.new': (rep: number) => lowerOwn({ instance }, resource, rep),
    'resource.rep': (index: number) => liftRep({ instance }, resource, index),
    'resource.drop': (index: number) => dropHandle({ instance }, resource, index),
  } as const;
  const results = kind === 'resource.drop' ? ([] as const) : (['i32'] as const);
  scope.addCore({
    sort: 'func',
    type: { params: ['i32'], results },
    late: { callable: guarded(built[kind]), isGlue: true },
  });
}

function checkSignature(what: string, have: CoreFuncType, want: CoreFuncType): void {
  if (sameCoreFunc(have, want)) return;
  const types = `${describeCoreFunc(have)}, ${describeCoreFunc(want)} is wanted`;
  throw new ComponentError('canon-signature-mismatch', `${what} has the core type ${types}`);
}
