// Token process: a text generation that asks before and books after. POST /generate {user_id, prompt}
import { NotAccessibleError, tollgate, withTokenProcess } from '@tollgate/client';
import { serve } from './serve.ts';

type Prompt = { readonly user_id: string; readonly prompt: string };

/** The work itself: a model would stand here. It tells what it read and wrote, four characters a token. */
const generate = withTokenProcess(
  {
    feature_endpoint_id: process.env['FEATURE_ENDPOINT_ID'] ?? 'text-generation',
    user_id: (args: readonly [Prompt]) => args[0].user_id,
  },
  async ({ prompt }: Prompt) => {
    const text = `You said: ${prompt}`;
    return {
      text,
      input_token: Math.ceil(prompt.length / 4),
      output_token: Math.ceil(text.length / 4),
      model: 'echo-1',
    };
  },
);

serve(
  async ({ body }) => {
    try {
      const { text, output_token } = await generate({
        user_id: String(body['user_id']),
        prompt: String(body['prompt']),
      });
      return { status: 200, body: { text, output_token } };
    } catch (error) {
      // The user may not go on: nothing was generated, nothing booked.
      if (error instanceof NotAccessibleError)
        return { status: 402, body: { error: error.message, token: error.token } };
      throw error;
    }
  },
  () => tollgate().close(),
);
