// A value that is here now or comes later. For what answers at once in one placement and after a wait in another; never for errors.

export type Later<T> = T | Promise<T>;

/** `next` of the value: at once when it is here, so that nobody who need not wait ever leaves the stack. */
export function after<T, U>(value: Later<T>, next: (value: T) => Later<U>): Later<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
