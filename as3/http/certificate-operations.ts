// Certificates_*: a catalog's CA, whose certificates its devices show to the customer's clouds. Never decides anything: the domain does.

import { Type } from 'typebox';
import type { CatalogCertificate } from '../domain/catalog-certificates.ts';
import { wantCertificate, wantCode } from '../domain/catalog-certificates.ts';
import type { CatalogKey } from '../domain/resources.ts';
import { DONE, PROVIDER, catalogId } from './arm-resources.ts';
import type { Call } from './operation.ts';
import { operation } from './operation.ts';
import { CATALOG } from './paths.ts';
import { CLOSED } from './request-bodies.ts';

const CERTIFICATES = `${CATALOG}/certificates`;
const CERTIFICATE = `${CERTIFICATES}/:serialNumber`;
const ProofBody = Type.Object({ proofOfPossessionNonce: Type.String() }, CLOSED);

export const CERTIFICATE_OPERATIONS = [
  operation({
    id: 'Certificates_ListByCatalog',
    methods: ['GET'],
    path: CERTIFICATES,
    handle: async (call) => {
      const { key, id } = await call.management.catalog(call.place.catalog);
      const certificate = await call.devices.certificates.ofCatalog(id);
      const isOnPage = call.listing.page.skip === 0 && call.listing.page.after === undefined;
      return { status: 200, body: { value: isOnPage ? [armCertificate(key, certificate, call.nowMs)] : [] } };
    },
  }),
  operation({
    id: 'Certificates_Get',
    methods: ['GET'],
    path: CERTIFICATE,
    handle: async (call) => {
      const { key, certificate } = await wanted(call);
      return { status: 200, body: armCertificate(key, certificate, call.nowMs) };
    },
  }),
  operation({
    id: 'Certificates_RetrieveCertChain',
    methods: ['POST'],
    path: `${CERTIFICATE}/retrieveCertChain`,
    handle: async (call) => {
      const { id } = await wanted(call);
      const chain = await call.devices.certificates.chainOf(id);
      return { status: 200, body: { certificateChain: Buffer.from(chain).toString('base64') } };
    },
  }),
  operation({
    id: 'Certificates_RetrieveProofOfPossessionNonce',
    methods: ['POST'],
    path: `${CERTIFICATE}/retrieveProofOfPossessionNonce`,
    body: ProofBody,
    handle: async (call) => {
      const { id } = await wanted(call);
      const code = wantCode(call.body.proofOfPossessionNonce);
      const proof = await call.devices.certificates.proofOfPossession(id, code);
      return { status: 200, body: properties(proof, call.nowMs) };
    },
  }),
];

async function wanted({ management, devices, place }: Call<unknown>): Promise<{
  readonly key: CatalogKey;
  readonly id: string;
  readonly certificate: CatalogCertificate;
}> {
  const { key, id } = await management.catalog(place.catalog);
  const certificate = wantCertificate(await devices.certificates.ofCatalog(id), place.text('serialNumber'));
  return { key, id, certificate };
}

function armCertificate(catalog: CatalogKey, certificate: CatalogCertificate, nowMs: number): object {
  return {
    id: `${catalogId(catalog)}/certificates/${certificate.serial}`,
    name: certificate.serial,
    type: `${PROVIDER}/catalogs/certificates`,
    properties: properties(certificate, nowMs),
  };
}

function properties({ der, subject, thumbprint, notBeforeMs, notAfterMs }: CatalogCertificate, nowMs: number): object {
  return {
    certificate: Buffer.from(der).toString('base64'),
    status: nowMs > notAfterMs ? 'Expired' : 'Active',
    subject,
    thumbprint,
    notBeforeUtc: new Date(notBeforeMs).toISOString(),
    expiryUtc: new Date(notAfterMs).toISOString(),
    ...DONE,
  };
}
