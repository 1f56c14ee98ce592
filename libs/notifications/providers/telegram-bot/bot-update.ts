import { z } from 'zod';
import { CallbackRefused, type ProviderEvent } from '../../message-provider.js';

const privateChat = z.object({ id: z.int().positive(), type: z.literal('private') });

const started = z.object({
  update_id: z.int(),
  message: z.object({
    chat: privateChat,
    // What a deep link can carry (https://core.telegram.org/bots/features#deep-linking).
    text: z.string().regex(/^\/start [\w-]{1,64}$/),
    // Somebody else's words, passed on, connect nobody.
    forward_origin: z.undefined().optional(),
  }),
});

const blocked = z.object({
  update_id: z.int(),
  my_chat_member: z.object({ chat: privateChat, new_chat_member: z.object({ status: z.literal('kicked') }) }),
});

/** What one update tells us. Groups, chatter and everything else tell nothing, and Telegram need not repeat it. */
export function readUpdate(rawBody: Buffer): ProviderEvent[] {
  const update = parse(rawBody);
  const start = started.safeParse(update).data;
  if (start) {
    const { chat, text } = start.message;
    return [{ type: 'contact', eventId: String(start.update_id), token: text.slice('/start '.length), address: String(chat.id) }];
  }
  const block = blocked.safeParse(update).data;
  if (block) return [{ type: 'gone', eventId: String(block.update_id), address: String(block.my_chat_member.chat.id) }];
  return [];
}

function parse(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString('utf8'));
  } catch {
    throw new CallbackRefused('not JSON');
  }
}
