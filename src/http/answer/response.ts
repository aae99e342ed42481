import type { ByteStream } from "../../media/open-bodies.ts";
import { asUnshared } from "../../media/sha256.ts";
import type { Answer, AnswerHead } from "./answer.ts";

/** An answer whose body is sent as it is read. */
export interface StreamAnswer extends AnswerHead {
  readonly stream: ByteStream;
}

export function isStreamed(answer: Answer | StreamAnswer): answer is StreamAnswer {
  return "stream" in answer;
}

/**
 * Converts an answer to a Response.
 *
 * @param breakOff ends the connection when the body cannot be completed; without it the body of the response
 * fails
 */
export function toResponse(answer: Answer | StreamAnswer, breakOff?: () => void): Response {
  const { status, headers } = answer;
  if (isStreamed(answer)) {
    return new Response(toReadable(answer.stream, breakOff), { status, headers });
  }
  return new Response(answer.body ? asUnshared(answer.body) : null, { status, headers });
}

function toReadable(stream: ByteStream, breakOff?: () => void): ReadableStream<Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const next = await iterator.next();
          if (next.done) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          stream.close();
          if (!breakOff) throw error;
          breakOff();
          // wait for ever: on an error the adapter would write its message behind the bytes
          await new Promise(() => {});
        }
      },
      cancel: () => stream.close(),
    },
    { highWaterMark: 0 },
  );
}
