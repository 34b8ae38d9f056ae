// Checks that a decoded value has the shape that a type says. Never converts: a value is what it should be, or refused.

/** Gives the value back with its type, or throws a `ShapeMismatch` that names the place. */
export type Shape<Value> = (value: unknown, path: string) => Value;

/** For the caller to turn into a code of its own. */
export class ShapeMismatch extends Error {
  readonly path: string;

  constructor(path: string, wanted: string) {
    super(`${path} is not ${wanted}`);
    this.name = 'ShapeMismatch';
    this.path = path;
  }
}

export function text(maxLength = 4096): Shape<string> {
  return (value, path) => {
    if (typeof value === 'string' && value.length <= maxLength) return value;
    throw new ShapeMismatch(path, `a text of at most ${maxLength} characters`);
  };
}

export const number: Shape<number> = (value, path) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new ShapeMismatch(path, 'a number');
};

export const flag: Shape<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw new ShapeMismatch(path, 'true or false');
};

export function oneOf<const Word extends string>(...words: readonly Word[]): Shape<Word> {
  return (value, path) => {
    const word = words.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    throw new ShapeMismatch(path, `one of ${words.join(', ')}`);
  };
}

export function nullable<Value>(shape: Shape<Value>): Shape<Value | null> {
  return (value, path) => (value === null ? null : shape(value, path));
}

export function list<Value>(shape: Shape<Value>, maxCount = 4096): Shape<readonly Value[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > maxCount)
      throw new ShapeMismatch(path, `a list of at most ${maxCount}`);
    return value.map((item, index) => shape(item, `${path}[${index}]`));
  };
}

/** Exactly these fields come out; others that a newer peer sends are left behind. */
export function record<Fields extends object>(shapes: {
  readonly [Name in keyof Fields]: Shape<Fields[Name]>;
}): Shape<Fields> {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ShapeMismatch(path, 'a record');
    const entries = Object.entries<Shape<unknown>>(shapes);
    const checked = entries.map(([name, shape]) => [name, shape(own(value, name), `${path}.${name}`)] as const);
    return Object.fromEntries(checked) as Fields;
  };
}

/** Records that are told apart by their `kind`. */
export function variant<Value extends { readonly kind: string }>(shapes: {
  readonly [Kind in Value['kind']]: Shape<Extract<Value, { readonly kind: Kind }>>;
}): Shape<Value> {
  const kinds = oneOf(...(Object.keys(shapes) as Value['kind'][]));
  return (value, path) => {
    if (typeof value !== 'object' || value === null) throw new ShapeMismatch(path, 'a record');
    const kind: Value['kind'] = kinds(own(value, 'kind'), `${path}.kind`);
    return shapes[kind](value, path);
  };
}

function own(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
