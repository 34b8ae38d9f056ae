// What tools ask of a service, by name: catalogs, keys, devices, images, deployments. Never decides anything: the service refuses,
// under its own codes.

import { createHash } from 'node:crypto';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import type { ComponentId } from '../../../contracts/core/ids.ts';
import { parseComponentId } from '../../../contracts/core/ids.ts';
import { decodeImage } from '../../../contracts/core/image.ts';
import { CliError } from '../outcome.ts';
import type { GroupPlace, Scope } from './resource-paths.ts';
import { NO_GROUP, ResourcePaths } from './resource-paths.ts';
import type { Resource, ServiceClient } from './service-client.ts';

/** Whoever carries the questions to the service. */
export type Asked = Pick<ServiceClient, 'ask' | 'list'>;

/** All methods: errors of `ServiceClient.ask`. */
export class Fleet {
  readonly client: Asked;
  readonly paths: ResourcePaths;

  constructor(client: Asked, scope?: Scope) {
    this.client = client;
    this.paths = new ResourcePaths(scope);
  }

  /** The GUID that images and manifests name a catalog by. */
  async catalogId(catalog: string): Promise<ComponentId> {
    return catalogIdOf(await this.#get(this.paths.catalog(catalog)));
  }

  /** The name of the catalog with this id, among those of the resource group. Errors: `catalog-not-found`. */
  async catalogNamed(id: string): Promise<string> {
    const found = (await this.client.list(this.paths.catalogs)).find((each) => propertiesOf(each)['tenantId'] === id);
    if (found !== undefined) return stringOf(found, 'name');
    throw new CliError(
      'catalog-not-found',
      `the device is claimed into catalog ${id}, which this resource group does not have`,
      {
        fault: 'caller',
        hint: 'Name its resource group with --resource-group, or its service with --service.',
      },
    );
  }

  /** What is there stays as it is. */
  async ensureCatalog(catalog: string): Promise<ComponentId> {
    return catalogIdOf(await this.#ensure(this.paths.catalog(catalog), 'catalog-not-found', { location: 'global' }));
  }

  /** A new product begins with the five default device groups. */
  async ensureProduct(catalog: string, product: string): Promise<void> {
    await this.#ensure(this.paths.products(catalog, product), 'product-not-found', { properties: {} });
  }

  /** `publicKey`: SEC 1 uncompressed P-256 point. The same key again changes nothing. */
  addPublisherKey(catalog: string, name: string, publicKey: Uint8Array): Promise<Resource> {
    const properties = { publicKey: base64(publicKey) };
    return this.#put(this.paths.inCatalog(catalog, 'publisherKeys', name), { properties });
  }

  publisherKeys(catalog: string): Promise<readonly Resource[]> {
    return this.client.list(this.paths.inCatalog(catalog, 'publisherKeys'));
  }

  /** Tells the service of devices that a factory made: its signed file. */
  async importEndorsements(file: Uint8Array): Promise<{ readonly added: number; readonly known: number }> {
    const path = `${this.paths.provider}/importEndorsements`;
    const answer = (await this.client.ask('POST', path, { endorsement: base64(file) })) ?? {};
    return { added: count(answer, 'added'), known: count(answer, 'known') };
  }

  /** What an attached device has to sign to be claimed; good once, for a short time. */
  async claimNonce(catalog: string): Promise<Uint8Array> {
    const answer = (await this.client.ask('POST', `${this.paths.catalog(catalog)}/retrieveClaimNonce`, {})) ?? {};
    return bytes(answer, 'nonce');
  }

  /** `evidence`: the device's token over a claim nonce. */
  claimDevice(place: GroupPlace, deviceId: string, evidence: Uint8Array): Promise<Resource> {
    const properties = { deviceId, claimEvidence: base64(evidence) };
    return this.#put(this.paths.inGroup(place, 'devices', deviceId), { properties });
  }

  /** Every device of the catalog, or those of a group. */
  devices(catalog: string, group?: Omit<GroupPlace, 'catalog'>): Promise<readonly Resource[]> {
    if (group === undefined) return this.client.list(`${this.paths.catalog(catalog)}/listDevices`);
    return this.client.list(this.paths.inGroup({ catalog, ...group }, 'devices'));
  }

  /** Wherever in the catalog it is. Errors: `device-not-found`. */
  async device(catalog: string, deviceId: string): Promise<Resource> {
    const found = (await this.devices(catalog)).find(({ name }) => name === deviceId);
    if (found !== undefined) return found;
    throw new CliError('device-not-found', `the catalog ${catalog} has no device ${deviceId}`, {
      fault: 'caller',
      hint: `Claim it: npx casemate device claim --catalog ${catalog}`,
    });
  }

  async moveDevice(place: GroupPlace, deviceId: string): Promise<void> {
    const { id } = await this.device(place.catalog, deviceId);
    if (typeof id !== 'string') throw malformed('a device without an id');
    const properties = { deviceGroupId: this.groupId(place) };
    await this.client.ask('PATCH', id, { properties });
  }

  /** The full resource id of a device group, or of the place of devices that are in none. */
  groupId({ catalog, product, deviceGroup }: GroupPlace): string {
    return decodeURIComponent(this.paths.deviceGroups(catalog, product, deviceGroup));
  }

  /** Uploads a signed package under the id that it has. Errors: also those of `decodeImage`. */
  addImage(catalog: string, packageBytes: Uint8Array): Promise<Resource> {
    const { imageId } = decodeImage(packageBytes, (section) => createHash('sha256').update(section).digest());
    const properties = { image: base64(packageBytes), imageId };
    return this.#put(this.paths.inCatalog(catalog, 'images', imageId), { properties });
  }

  /** A new deployment, which takes the place of the group's current one. */
  deploy(place: GroupPlace, images: readonly string[], name = '.default'): Promise<Resource> {
    const deployedImages = images.map((imageId) => ({ properties: { imageId } }));
    return this.#put(this.paths.inGroup(place, 'deployments', name), { properties: { deployedImages } });
  }

  /** What devices reported. */
  insights(catalog: string): Promise<readonly Resource[]> {
    return this.client.list(`${this.paths.catalog(catalog)}/listDeviceInsights`);
  }

  async #get(path: string): Promise<Resource> {
    return (await this.client.ask('GET', path)) ?? {};
  }

  async #put(path: string, body: object): Promise<Resource> {
    return (await this.client.ask('PUT', path, body)) ?? {};
  }

  async #ensure(path: string, missing: string, body: object): Promise<Resource> {
    try {
      return await this.#get(path);
    } catch (error) {
      if (!isCoded(error) || error.code !== missing) throw error;
      return this.#put(path, body);
    }
  }
}

/** A device that is in its catalog and in no group. */
export function ungrouped(catalog: string): GroupPlace {
  return { catalog, product: NO_GROUP, deviceGroup: NO_GROUP };
}

/** The `properties` of a resource; empty when there are none. */
export function propertiesOf(resource: Resource): Resource {
  const value = resource['properties'];
  return typeof value === 'object' && value !== null ? (value as Resource) : {};
}

/** Errors: `service-answer-malformed`. */
export function bytes(answer: Resource, name: string): Uint8Array {
  const value = answer[name];
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw malformed(`${name} is no base64`);
  return new Uint8Array(Buffer.from(value, 'base64'));
}

/** Errors: `service-answer-malformed`. */
export function stringOf(answer: Resource, name: string): string {
  const value = answer[name];
  if (typeof value !== 'string') throw malformed(`${name} is no text`);
  return value;
}

function catalogIdOf(catalog: Resource): ComponentId {
  const { tenantId } = propertiesOf(catalog);
  const id = typeof tenantId === 'string' ? parseComponentId(tenantId) : undefined;
  if (id === undefined) throw malformed('a catalog without its id');
  return id;
}

function count(answer: Resource, name: string): number {
  const value = answer[name];
  if (typeof value !== 'number') throw malformed(`${name} is no number`);
  return value;
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString('base64');
}

function malformed(what: string): CliError {
  return new CliError('service-answer-malformed', `the service's answer: ${what}`, { fault: 'peer' });
}
