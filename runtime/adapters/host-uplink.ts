// The access point's way out and in: this host's network. Never more than TCP, UDP and the host's own answer about a name.

import { lookup } from 'node:dns';
import { parseIp } from '../../contracts/core/ip-address.ts';
import type { Uplink } from '../hil/uplink.ts';
import { NameQuestions } from './name-questions.ts';
import { tcpUplink } from './tcp-uplink.ts';
import { udpUplink } from './udp-uplink.ts';

const questions = new NameQuestions((name, found) => {
  lookup(name, { all: true, order: 'verbatim' }, (error, answers) => {
    found(error === null ? answers.flatMap(({ address }) => parseIp(address) ?? []) : []);
  });
});

export const hostUplink: Uplink = {
  ...tcpUplink,
  ...udpUplink,
  lookup: (name, found) => questions.ask(name, found),
};
