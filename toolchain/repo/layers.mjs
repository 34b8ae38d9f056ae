// The house rules as a table: one row per layer with where it lives, which layers it may import, which node:* modules and
// which npm packages. A row must never be widened to make an import pass: what is missing here is missing on purpose.

/**
 * @typedef {object} Layer
 * @property {string} path regular expression of the layer's files
 * @property {readonly string[] | '*'} may names of the layers it may import; its own files always
 * @property {readonly string[]} node node:* modules, as regular expressions; '.' is all of them
 * @property {readonly string[]} npm npm packages, as beginnings of their names; '.' is all of them
 * @property {boolean} [replayable] no ambient clock, randomness or global object: the lint refuses them by name
 */

/** @type {Record<string, Layer>} */
export const LAYERS = {
  core:         { path: '^contracts/core/',                   may: [],                                          node: [], npm: [], replayable: true },
  wire:         { path: '^contracts/wire/',                   may: ['core'],                                    node: [], npm: ['msgpackr', 'cbor2'], replayable: true },
  component:    { path: '^component/',                        may: ['core'],                                    node: [], npm: [], replayable: true },
  capabilities: { path: '^host-apis/capabilit',               may: ['core', 'wire'],                            node: [], npm: [], replayable: true },
  hostApis:     { path: '^host-apis/(?!stubs/|broker/|capabilit)', may: ['core', 'wire', 'component', 'capabilities'], node: [], npm: [], replayable: true },
  stubs:        { path: '^host-apis/stubs/',                  may: ['core', 'wire', 'component', 'capabilities', 'hostApis'], node: [], npm: [], replayable: true },
  broker:       { path: '^host-apis/broker/',                 may: ['core', 'wire', 'capabilities', 'hostApis'], node: [], npm: [], replayable: true },
  hil:          { path: '^runtime/hil/',                      may: ['core'],                                    node: [], npm: [], replayable: true },
  soc:          { path: '^runtime/soc/',                      may: ['core', 'hil'],                             node: [], npm: [], replayable: true },
  world:        { path: '^runtime/world/',                    may: ['core', 'wire', 'hil'],                     node: [], npm: [], replayable: true },
  monitorAbi:   { path: '^runtime/monitor/abi/',              may: ['core'],                                    node: [], npm: [], replayable: true },
  monitor:      { path: '^runtime/monitor/(?!abi/)',          may: ['core', 'hil', 'monitorAbi'],               node: [], npm: ['@noble/'], replayable: true },
  os:           { path: '^runtime/os/',                       may: ['core', 'wire', 'hil', 'capabilities', 'hostApis', 'broker', 'monitorAbi'], node: [], npm: ['@tufjs/models'], replayable: true },
  compartment:  { path: '^runtime/compartment/',              may: ['core', 'wire', 'component', 'capabilities', 'hostApis', 'stubs'], node: [], npm: [], replayable: true },
  realtime:     { path: '^runtime/realtime/',                 may: ['core', 'wire', 'component', 'hil'],        node: [], npm: [], replayable: true },
  adapters:     { path: '^runtime/adapters/',                 may: ['core', 'wire', 'hil', 'capabilities', 'hostApis', 'os'], node: ['.'], npm: ['.'] },
  board:        { path: '^runtime/board/',                    may: ['core', 'wire', 'component', 'capabilities', 'hostApis', 'stubs', 'broker', 'hil', 'soc', 'world', 'monitor', 'monitorAbi', 'os', 'compartment', 'realtime', 'adapters'], node: ['process'], npm: [] },
  as3Domain:    { path: '^as3/domain/',                       may: ['core', 'wire', 'component', 'capabilities'], node: [], npm: ['@tufjs/'], replayable: true },
  as3Store:     { path: '^as3/store/',                        may: ['core', 'wire', 'as3Domain'],               node: ['sqlite', 'fs', 'path', 'url'], npm: ['kysely', 'pg'] },
  as3Http:      { path: '^as3/http/',                         may: ['core', 'wire', 'as3Domain'],               node: ['http', 'https', 'tls', 'stream'], npm: ['fastify', '@fastify/', 'typebox', 'jose'] },
  as3Web:       { path: '^as3/web/',                          may: ['core', 'wire'],                            node: [], npm: ['.'] },
  as3Adapters:  { path: '^as3/adapters/',                     may: ['core', 'wire', 'component', 'capabilities', 'as3Domain'], node: ['.'], npm: ['.'] },
  as3Main:      { path: '^as3/main/',                         may: ['core', 'wire', 'capabilities', 'as3Domain', 'as3Store', 'as3Http', 'as3Adapters'], node: ['.'], npm: ['.'] },
  sdk:          { path: '^toolchain/sdk/',                    may: ['core', 'wire', 'capabilities', 'hostApis'], node: [], npm: [] },
  toolchain:    { path: '^toolchain/(cli|build|testkit|factory)/', may: ['core', 'wire', 'component', 'capabilities', 'hostApis', 'sdk', 'board'], node: ['.'], npm: ['.'] },
  repo:         { path: '^toolchain/repo/',                   may: [],                                          node: ['.'], npm: ['.'] },
  apps:         { path: '^apps/',                             may: ['sdk'],                                     node: [], npm: ['.'] },
  firmware:     { path: '^rt-firmware/',                      may: ['core', 'wire', 'sdk'],                     node: [], npm: [], replayable: true },
  test:         { path: '^test/',                             may: '*',                                         node: ['.'], npm: ['.'] },
};

/** The folders that the table rules; a file at the top of the checkout (a tool's settings) belongs to no layer. */
export const HOME = '^(contracts|component|host-apis|runtime|as3|toolchain|apps|rt-firmware|test)/';

/** Tests and benchmarks may import anything, and nothing imports them. */
export const TESTS = '[.](test|bench)[.]ts$';

/** Folders of plain data: code in them would run with the rights of whoever reads the data. */
export const DATA_ONLY = [{ path: '^toolchain/sdk/hardware/', may: /[.](json|md)$/ }];
