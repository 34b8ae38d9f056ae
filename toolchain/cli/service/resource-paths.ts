// Where the service's resources are, as paths of its management API. Never lets a name reach beyond its own place in a path.

/** The namespaces that Azure Resource Manager puts around catalogs. */
export interface Scope {
  readonly subscription: string;
  readonly resourceGroup: string;
}

/** What commands mean when nobody names one. */
export const DEFAULT_SCOPE: Scope = {
  subscription: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'casemate',
};

/** A device group by the names above it. */
export interface GroupPlace {
  readonly catalog: string;
  readonly product: string;
  readonly deviceGroup: string;
}

/** In the place of product and device group: the devices of a catalog that are in no group. */
export const NO_GROUP = '.unassigned';

const PROVIDER = 'Microsoft.AzureSphere';

export class ResourcePaths {
  readonly #scope: Scope;

  constructor(scope: Scope = DEFAULT_SCOPE) {
    this.#scope = scope;
  }

  /** Of the whole service. */
  get provider(): string {
    return `/subscriptions/${word(this.#scope.subscription)}/providers/${PROVIDER}`;
  }

  get catalogs(): string {
    const { subscription, resourceGroup } = this.#scope;
    return `/subscriptions/${word(subscription)}/resourceGroups/${word(resourceGroup)}/providers/${PROVIDER}/catalogs`;
  }

  catalog(catalog: string): string {
    return `${this.catalogs}/${word(catalog)}`;
  }

  /** A kind of thing right below a catalog: `images`, `certificates`, `publisherKeys`, and one of them by name. */
  inCatalog(catalog: string, kind: string, name?: string): string {
    return below(this.catalog(catalog), kind, name);
  }

  products(catalog: string, product?: string): string {
    return this.inCatalog(catalog, 'products', product);
  }

  deviceGroups(catalog: string, product: string, deviceGroup?: string): string {
    return below(this.products(catalog, product), 'deviceGroups', deviceGroup);
  }

  /** A kind of thing below a device group: `devices`, `deployments`. */
  inGroup({ catalog, product, deviceGroup }: GroupPlace, kind: string, name?: string): string {
    return below(this.deviceGroups(catalog, product, deviceGroup), kind, name);
  }
}

function below(parent: string, kind: string, name: string | undefined): string {
  return name === undefined ? `${parent}/${kind}` : `${parent}/${kind}/${word(name)}`;
}

/** As one word of a path. `.` and `..` would be taken out of it by URL, and name something else. */
function word(text: string): string {
  return text === '.' || text === '..' ? text.replaceAll('.', '%252E') : encodeURIComponent(text);
}
