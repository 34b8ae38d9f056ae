// Program of an OS process for tests of the launcher: the broker of every context, which answers all and says what was logged. It must never be
// started outside tests.
//
// Orders come on descriptor 4: a byte n from 1 to 7 sends the start frame to context n, and n + 128 says that the app there is gone. What it says there is
// lines of text: `context message`, `0 context` once the start frame is in the pipe, and `gone context` once nothing more comes for the app that is gone.

import { Socket } from 'node:net';
import { APP_START_FRAME } from '../../contracts/wire/app-call.ts';
import { decodeAppRequest, encodeAppReply } from '../../contracts/wire/app-call.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import { openCompartmentPipe } from '../../runtime/adapters/os-compartment-pipe.ts';
import { agreeable } from './fake-broker.ts';

const orders = new Socket({ fd: 4, readable: true, writable: true });
const pipes = new Map(
  [1, 2, 3, 4, 5, 6, 7].map((context) => [context, openCompartmentPipe(3 + 2 * context, 4 + 2 * context)]),
);

/** How many apps each context has had: what an earlier one asked is not answered to the next. */
const sessions = new Map<number, number>();
/** Contexts without an app: what is still read from them is an earlier one's. */
const gone = new Set<number>();

for (const [context, pipe] of pipes) {
  let frames = new FrameStream(APP_FRAME_MAX_BYTES);
  let session = 0;
  const answer = agreeable();
  pipe.onBytes((bytes) => {
    if (session !== sessions.get(context)) frames = new FrameStream(APP_FRAME_MAX_BYTES);
    session = sessions.get(context) ?? 0;
    for (const frame of frames.push(bytes)) {
      const asked = session;
      const request = decodeAppRequest(frame);
      if (request.function === 'log.write') orders.write(`${context} ${request.message}\n`);
      const reply = (): void => {
        if (sessions.get(context) === asked && !gone.has(context)) pipe.send(encodeAppReply(answer(request)));
      };
      if (request.function !== 'poll.wait') reply();
      // For ever: until it is killed.
      else if (request.timeoutNs !== undefined) setTimeout(reply, Number(request.timeoutNs / 1_000_000n));
    }
  });
}

orders.on('data', (bytes: Buffer) => {
  for (const order of bytes) {
    const context = order & 127;
    sessions.set(context, (sessions.get(context) ?? 0) + 1);
    if (order > 127) {
      gone.add(context);
      orders.write(`gone ${context}\n`);
      continue;
    }
    gone.delete(context);
    pipes.get(context)?.send(APP_START_FRAME);
    orders.write(`0 ${context}\n`);
  }
});
orders.once('close', () => process.exit(0));
