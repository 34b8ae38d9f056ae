import test from 'ava';
import { concatBytes } from '../../contracts/core/bytes.ts';
import { APP_START_FRAME, encodeAppReply } from '../../contracts/wire/app-call.ts';
import { ContextReplies } from './context-replies.ts';

const REPLY = encodeAppReply({ ok: true, result: { kind: 'u32', value: 7 } });
const LATE = encodeAppReply({ ok: false, error: 'io' });

test('an app gets the start frame first, and then its replies', (t) => {
  const heard: Uint8Array[] = [];
  const replies = new ContextReplies();
  replies.attach((frame) => heard.push(frame));
  replies.push(concatBytes(LATE, APP_START_FRAME, REPLY.subarray(0, 5)));
  replies.push(REPLY.subarray(5));
  t.deepEqual(heard, [APP_START_FRAME, REPLY], 'and not the answer that an earlier app did not wait for');
});

test('a start frame that is there before its app is not lost', (t) => {
  const heard: Uint8Array[] = [];
  const replies = new ContextReplies();
  replies.push(concatBytes(LATE, APP_START_FRAME));
  replies.attach((frame) => heard.push(frame));
  replies.push(REPLY);
  t.deepEqual(heard, [APP_START_FRAME, REPLY]);
});

test('nothing of one app reaches the next', (t) => {
  const heard: Uint8Array[] = [];
  const replies = new ContextReplies();
  replies.attach(() => undefined);
  replies.push(APP_START_FRAME);
  replies.detach(REPLY.subarray(0, 5));
  replies.push(REPLY.subarray(5));
  replies.attach((frame) => heard.push(frame));
  replies.push(LATE);
  t.deepEqual(heard, []);
  replies.push(APP_START_FRAME);
  t.deepEqual(heard, [APP_START_FRAME]);
});

test('the start frame of an app that ended before it came is not the next one’s', (t) => {
  const heard: Uint8Array[] = [];
  const replies = new ContextReplies();
  replies.attach(() => undefined);
  replies.detach(APP_START_FRAME);
  replies.attach((frame) => heard.push(frame));
  t.deepEqual(heard, []);
});
