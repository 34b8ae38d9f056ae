// Names and places of the service's resources, with the one rule for each. Never lets a name through that a terminal, a path
// or a second spelling could turn into something else.

import { ServiceError } from './service-error.ts';

declare const brand: unique symbol;
/** A name that its rule has let through, in the letter case that was asked for. Names are compared by `nameKey`. */
export type ResourceName = string & { readonly [brand]: 'ResourceName' };

/** The words that stand in the place of product and device group for a device that is in its catalog alone. */
export const CATALOG_LEVEL = ['.default', '.unassigned'] as const;

/**
 * Microsoft.AzureSphere 2024-04-01, where `\s` and `\w` are .NET's: other white space than the space, and letters beyond
 * ASCII, are left out here, because a line feed or a look-alike in a name deceives whoever reads a list.
 */
const RULES = {
  subscription: { form: /^[A-Za-z0-9-]{1,64}$/, says: '1 to 64 of A-Z a-z 0-9 -' },
  resourceGroup: {
    form: /^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$/,
    says: '1 to 90 of A-Z a-z 0-9 _ ( ) . -, not ending with a dot',
  },
  catalog: { form: /^[A-Za-z0-9_-]{1,50}$/, says: '1 to 50 of A-Z a-z 0-9 _ -' },
  product: {
    form: /^[A-Za-z0-9_][A-Za-z0-9_ ]{1,48}[A-Za-z0-9_]$/,
    says: '3 to 50 of A-Z a-z 0-9 _ and space, no space at either end',
  },
  deviceGroup: {
    form: /^(?:[A-Za-z0-9]{1,2}|[A-Za-z0-9][A-Za-z0-9 ]{1,48}[A-Za-z0-9])$/,
    says: '1 to 50 of A-Z a-z 0-9 and space, no space at either end',
  },
} as const;
export type NamedKind = keyof typeof RULES;

/** Errors: `resource-name-malformed`, `resource-name-reserved`. */
export function parseName(kind: NamedKind, text: string): ResourceName {
  const { form, says } = RULES[kind];
  if (form.test(text)) return text as ResourceName;
  const isReserved = isCatalogLevel(text);
  const context = { fault: 'caller', hint: `a name of this kind has ${says}`, details: { kind } } as const;
  if (isReserved)
    throw new ServiceError('resource-name-reserved', `${text.toLowerCase()} is a word of the service`, context);
  throw new ServiceError('resource-name-malformed', `the name of the ${WORDS[kind]} is not well formed`, context);
}

export const WORDS: Readonly<Record<NamedKind, string>> = {
  subscription: 'subscription',
  resourceGroup: 'resource group',
  catalog: 'catalog',
  product: 'product',
  deviceGroup: 'device group',
};

export function isCatalogLevel(text: string): boolean {
  return CATALOG_LEVEL.some((word) => word === text.toLowerCase());
}

/** What two spellings of one name have in common: Azure Resource Manager compares without letter case, and names are ASCII. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}
