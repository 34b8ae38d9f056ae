// A service for tests of what asks it: it keeps every question and answers from a table. Never a judgement of its own.

import type { Asked } from '../../toolchain/cli/service/fleet.ts';
import type { Resource } from '../../toolchain/cli/service/service-client.ts';
import { RelayedRefusal } from '../../toolchain/factory/factory-error.ts';

export interface Question {
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
}

/** A resource, a list of them, or the code that it refuses with. Of several answers to one question each is given once, in turn. */
export type TableAnswer = Resource | readonly Resource[] | string;

export interface AskedService extends Asked {
  readonly questions: readonly Question[];
}

/** `answers`: method and the end of the path → answers in turn, the last one for ever. What is not in it is `operation-unknown`. */
export function askedService(answers: Readonly<Record<string, readonly TableAnswer[]>>): AskedService {
  const questions: Question[] = [];
  const given = new Map<string, number>();
  const answer = (method: string, path: string, body: object | undefined): TableAnswer => {
    questions.push({ method, path, body });
    const found = Object.entries(answers).find(([question]) => {
      const [wantedMethod, end = ''] = question.split(' ');
      return method === wantedMethod && path.endsWith(end);
    });
    if (found === undefined) throw new RelayedRefusal('operation-unknown', `${method} ${path}`);
    const [question, list] = found;
    const count = given.get(question) ?? 0;
    given.set(question, count + 1);
    const one = list[Math.min(count, list.length - 1)] ?? {};
    if (typeof one === 'string') throw new RelayedRefusal(one, 'refused by the table');
    return one;
  };
  return {
    questions,
    ask: async (method, path, body) => answer(method, path, body) as Resource,
    list: async (path) => answer('GET', path, undefined) as readonly Resource[],
  };
}
