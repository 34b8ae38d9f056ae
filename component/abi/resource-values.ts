// Own and borrow handles on their way over a border (CanonicalABI.md, lift_own to lower_borrow). A handle is only ever good in its own table.

import type { ResourceType } from '../value-types.ts';
import type { AbiContext } from './context.ts';
import type { CallScope } from './handles.ts';
import { GuestTrap } from './trap.ts';

/** The resource leaves the guest: its handle is gone. */
export function liftOwn(context: AbiContext, resource: ResourceType, index: number): number {
  const handle = context.instance.handles.get(index, resource);
  if (!handle.own) throw new GuestTrap('handle-not-own', 'a borrow where the resource itself is given away');
  return context.instance.handles.remove(index, resource).rep;
}

/** The guest shows the resource for the time of the call; it cannot drop it meanwhile. */
export function liftBorrow(context: AbiContext, resource: ResourceType, index: number, scope: CallScope): number {
  const handle = context.instance.handles.get(index, resource);
  scope.lend(handle);
  return handle.rep;
}

/** canon resource.rep */
export function liftRep(context: Pick<AbiContext, 'instance'>, resource: ResourceType, index: number): number {
  return context.instance.handles.get(index, resource).rep;
}

/** Also canon resource.new. */
export function lowerOwn(context: Pick<AbiContext, 'instance'>, resource: ResourceType, rep: number): number {
  return context.instance.handles.add({ resource, rep, own: true, lends: 0, scope: undefined });
}

/** The one who defined the resource gets its representation; everybody else a handle for the time of the call. */
export function lowerBorrow(context: AbiContext, resource: ResourceType, rep: number, scope: CallScope): number {
  if (resource.owner === context.instance) return rep;
  scope.borrows++;
  return context.instance.handles.add({ resource, rep, own: false, lends: 0, scope });
}

/** canon resource.drop */
export function dropHandle(context: Pick<AbiContext, 'instance'>, resource: ResourceType, index: number): undefined {
  const handle = context.instance.handles.remove(index, resource);
  if (handle.scope !== undefined) handle.scope.borrows--;
  if (!handle.own) return;
  const { owner } = resource;
  if (owner === undefined || owner === context.instance) {
    resource.drop?.(handle.rep);
    return;
  }
  if (!owner.mayEnter) throw new GuestTrap('cannot-enter', 'cannot enter component instance');
  owner.mayEnter = false;
  resource.drop?.(handle.rep);
  owner.mayEnter = true;
}
