// The rules over parsed facts, one at a time: also those whose certificates nobody here can make.

import test from 'ava';
import type { ChainCertificate, PresentedChain } from './service-chain.ts';
import { checkServiceChain } from './service-chain.ts';
import type { ServiceNetworkError, ServiceTrust } from './service-port.ts';

const SERVER = '1.3.6.1.5.5.7.3.1';
const CLIENT = '1.3.6.1.5.5.7.3.2';
const ROOT_DER = Uint8Array.of(1);
const TRUST: ServiceTrust = { root: ROOT_DER, nowSeconds: 500 };

const good: ChainCertificate = {
  der: Uint8Array.of(9),
  notBeforeSeconds: 100,
  notAfterSeconds: 900,
  isCa: false,
  maySignCertificates: false,
  maySign: false,
  extendedKeyUsage: undefined,
  hasNamedCurve: true,
  hasKnownSignature: true,
  hasUnknownCritical: false,
  isIssuedBy: () => true,
  names: (host) => host === 'service',
};
const ROOT: ChainCertificate = { ...good, der: ROOT_DER, isCa: true, maySignCertificates: true };
const CA: ChainCertificate = { ...good, isCa: true, maySignCertificates: true, extendedKeyUsage: [SERVER] };
const LEAF: ChainCertificate = { ...good, maySign: true, extendedKeyUsage: [SERVER] };
const CHAIN: PresentedChain = { leaf: LEAF, issuer: CA, above: undefined, root: ROOT };

const codeOf = (t: { throws: (fn: () => void) => unknown }, chain: PresentedChain, trust = TRUST, host = 'service') =>
  (t.throws(() => checkServiceChain(chain, host, trust)) as ServiceNetworkError).code;

test('leaf, CA and pinned root are believed, with the root sent or not, to the last second', (t) => {
  t.notThrows(() => checkServiceChain(CHAIN, 'service', TRUST));
  t.notThrows(() => checkServiceChain({ ...CHAIN, above: ROOT }, 'service', TRUST));
  for (const nowSeconds of [100, 900]) t.notThrows(() => checkServiceChain(CHAIN, 'service', { ...TRUST, nowSeconds }));
});

const NOT: readonly (readonly [why: string, chain: Partial<PresentedChain>])[] = [
  ['no leaf', { leaf: undefined }],
  ['no CA', { issuer: undefined }],
  ['a root that is not the pinned one', { root: { ...ROOT, der: Uint8Array.of(2) } }],
  ['another root above the CA', { above: { ...ROOT, der: Uint8Array.of(2) } }],
  ['a CA that the root did not sign', { issuer: { ...CA, isIssuedBy: () => false } }],
  ['a leaf that the CA did not sign', { leaf: { ...LEAF, isIssuedBy: () => false } }],
  ['an issuer without the CA flag', { issuer: { ...CA, isCa: false } }],
  ['a CA without keyCertSign', { issuer: { ...CA, maySignCertificates: false } }],
  ['a CA for clients', { issuer: { ...CA, extendedKeyUsage: [CLIENT] } }],
  ['a leaf that is a CA', { leaf: { ...LEAF, isCa: true } }],
  ['a leaf that may not sign', { leaf: { ...LEAF, maySign: false } }],
  ['a leaf for clients', { leaf: { ...LEAF, extendedKeyUsage: [CLIENT] } }],
  ['a leaf for nothing in particular', { leaf: { ...LEAF, extendedKeyUsage: undefined } }],
  ['a leaf with a curve of its own', { leaf: { ...LEAF, hasNamedCurve: false } }],
  ['a CA with a curve of its own', { issuer: { ...CA, hasNamedCurve: false } }],
  ['a leaf signed over a weak digest', { leaf: { ...LEAF, hasKnownSignature: false } }],
  ['a CA signed over a weak digest', { issuer: { ...CA, hasKnownSignature: false } }],
  ['a leaf with a rule that is not known', { leaf: { ...LEAF, hasUnknownCritical: true } }],
  ['a CA with a rule that is not known', { issuer: { ...CA, hasUnknownCritical: true } }],
  ['a leaf that begins later', { leaf: { ...LEAF, notBeforeSeconds: 501 } }],
  ['a CA that begins later', { issuer: { ...CA, notBeforeSeconds: 501 } }],
  ['a root that begins later', { root: { ...ROOT, notBeforeSeconds: 501 } }],
];
for (const [why, chain] of NOT) {
  test(`${why} is not trusted`, (t) => {
    t.is(codeOf(t, { ...CHAIN, ...chain }), 'service-not-trusted');
  });
}

test('a name that is not in the leaf is not trusted', (t) => {
  t.is(codeOf(t, CHAIN, TRUST, 'elsewhere'), 'service-not-trusted');
});

test('expired is said when nothing else is wrong, whichever of them it is', (t) => {
  const old = { notAfterSeconds: 499 };
  t.is(codeOf(t, { ...CHAIN, leaf: { ...LEAF, ...old } }), 'service-certificate-expired');
  t.is(codeOf(t, { ...CHAIN, issuer: { ...CA, ...old } }), 'service-certificate-expired');
  t.is(codeOf(t, { ...CHAIN, root: { ...ROOT, ...old } }), 'service-certificate-expired');
  t.is(codeOf(t, { ...CHAIN, leaf: { ...LEAF, ...old, isIssuedBy: () => false } }), 'service-not-trusted');
});

test('at a floor of the time what begins later is let through, and what is over is over', (t) => {
  const floor = { ...TRUST, nowIsFloor: true };
  t.notThrows(() => checkServiceChain({ ...CHAIN, leaf: { ...LEAF, notBeforeSeconds: 501 } }, 'service', floor));
  t.is(codeOf(t, { ...CHAIN, leaf: { ...LEAF, notAfterSeconds: 499 } }, floor), 'service-certificate-expired');
});
