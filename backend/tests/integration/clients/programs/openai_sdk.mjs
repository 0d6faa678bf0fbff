// OpenAI's own SDK for Node, through chat completions, responses, embeddings and models.

import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

import {
  TOOL_DESCRIPTION,
  TOOL_NAME,
  TOOL_PARAMETERS,
  getWeather,
  heard,
  serve,
} from "./cell_driver.mjs";

const FUNCTION = { name: TOOL_NAME, description: TOOL_DESCRIPTION, parameters: TOOL_PARAMETERS };
const CHAT_TOOLS = [{ type: "function", function: FUNCTION }];
const RESPONSES_TOOLS = [{ type: "function", strict: true, ...FUNCTION }];

const City = z.object({ name: z.string(), population: z.int() });

const clientFor = (ask) =>
  new OpenAI({
    baseURL: `${ask.base}/v1`,
    apiKey: "any",
    maxRetries: ask.retries,
    timeout: ask.timeout * 1000,
  });

const messagesOf = (ask) => [
  { role: "system", content: ask.system },
  { role: "user", content: ask.prompt },
];

const chatUsage = (usage) =>
  usage && { input: usage.prompt_tokens, output: usage.completion_tokens };

const chat = {
  async plain(ask) {
    const reply = await clientFor(ask).chat.completions.create({
      model: ask.model,
      messages: messagesOf(ask),
      temperature: 0.5,
      max_completion_tokens: 300,
    });
    return {
      text: reply.choices[0].message.content,
      stop: reply.choices[0].finish_reason,
      model: reply.model,
      usage: chatUsage(reply.usage),
    };
  },

  async stream(ask) {
    const came = {};
    async function* texts() {
      const chunks = await clientFor(ask).chat.completions.create({
        model: ask.model,
        messages: messagesOf(ask),
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const chunk of chunks) {
        came.model = chunk.model;
        if (chunk.usage) came.usage = chatUsage(chunk.usage);
        for (const choice of chunk.choices) {
          came.stop = choice.finish_reason;
          yield choice.delta.content ?? "";
        }
      }
    }
    return { ...(await heard(texts())), ...came };
  },

  async cancel(ask) {
    const chunks = await clientFor(ask).chat.completions.create({
      model: ask.model,
      messages: messagesOf(ask),
      stream: true,
    });
    async function* texts() {
      for await (const chunk of chunks) yield chunk.choices[0]?.delta.content;
    }
    return heard(texts(), 1);
  },

  tools: (ask) =>
    chatLoop(ask, (client, body) =>
      client.chat.completions.create(body).then((reply) => reply.choices[0].message),
    ),

  parallel: (ask) => chat.tools(ask),

  tools_streamed: (ask) =>
    chatLoop(ask, (client, body) => client.chat.completions.stream(body).finalMessage()),

  async schema(ask) {
    const reply = await clientFor(ask).chat.completions.parse({
      model: ask.model,
      messages: messagesOf(ask),
      response_format: zodResponseFormat(City, "city"),
    });
    return { parsed: reply.choices[0].message.parsed };
  },

  async reasoning(ask) {
    const reply = await clientFor(ask).chat.completions.create({
      model: ask.model,
      messages: messagesOf(ask),
      reasoning_effort: "high",
    });
    const [{ message }] = reply.choices;
    return {
      text: message.content,
      thought: message.reasoning_content ?? null,
      reasoning_tokens: reply.usage?.completion_tokens_details?.reasoning_tokens ?? null,
    };
  },

  async models(ask) {
    const client = clientFor(ask);
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return { ids, one: (await client.models.retrieve(ask.model)).id };
  },

  async embeddings(ask) {
    const reply = await clientFor(ask).embeddings.create({
      model: ask.model,
      input: ["one", "two"],
    });
    return { vectors: reply.data.map((item) => [...item.embedding]) };
  },
};

/** Call what the model wants to have called until it answers. */
async function chatLoop(ask, answer) {
  const messages = messagesOf(ask);
  const calls = [];
  for (;;) {
    const body = { model: ask.model, messages, tools: CHAT_TOOLS };
    const message = await answer(clientFor(ask), body);
    if (!message.tool_calls?.length) return { calls, text: message.content };
    messages.push(message);
    for (const call of message.tool_calls) {
      const given = JSON.parse(call.function.arguments);
      calls.push({ name: call.function.name, arguments: given });
      messages.push({ role: "tool", tool_call_id: call.id, content: getWeather(given) });
    }
  }
}

const outcomeOf = (reply) => ({
  text: reply.output_text,
  stop: reply.status,
  model: reply.model,
  usage: reply.usage && { input: reply.usage.input_tokens, output: reply.usage.output_tokens },
});

const respond = (ask, more = {}) =>
  clientFor(ask).responses.create({
    model: ask.model,
    instructions: ask.system,
    input: ask.prompt,
    ...more,
  });

async function* responseTexts(events, came = {}) {
  for await (const event of events) {
    if (event.type === "response.output_text.delta") yield event.delta;
    else if (event.type === "response.completed" || event.type === "response.incomplete") {
      const { text, ...rest } = outcomeOf(event.response);
      Object.assign(came, rest);
    } else if (event.type === "response.failed") {
      const code = event.response.error?.code ?? null;
      Object.assign(came, { outcome: "told", error: event.type, code });
    } else if (event.type === "error") {
      Object.assign(came, { outcome: "told", error: event.type, code: event.code });
    }
  }
}

const responses = {
  plain: async (ask) =>
    outcomeOf(await respond(ask, { temperature: 0.5, max_output_tokens: 300 })),

  async stream(ask) {
    const came = {};
    const events = await respond(ask, { stream: true });
    return { ...(await heard(responseTexts(events, came))), ...came };
  },

  cancel: async (ask) => heard(responseTexts(await respond(ask, { stream: true })), 1),

  tools: (ask) => responsesLoop(ask, (more) => respond(ask, more)),

  parallel: (ask) => responses.tools(ask),

  tools_streamed: (ask) =>
    responsesLoop(ask, (more) =>
      clientFor(ask)
        .responses.stream({ model: ask.model, instructions: ask.system, ...more })
        .finalResponse(),
    ),

  async schema(ask) {
    const reply = await clientFor(ask).responses.parse({
      model: ask.model,
      instructions: ask.system,
      input: ask.prompt,
      text: { format: zodTextFormat(City, "city") },
    });
    return { parsed: reply.output_parsed };
  },

  async reasoning(ask) {
    const reply = await respond(ask, { reasoning: { effort: "high", summary: "auto" } });
    const thoughts = reply.output
      .filter((item) => item.type === "reasoning")
      .flatMap((item) => [...item.summary, ...(item.content ?? [])]);
    return {
      text: reply.output_text,
      thought: thoughts.map((part) => part.text).join("") || null,
      reasoning_tokens: reply.usage?.output_tokens_details?.reasoning_tokens ?? null,
    };
  },

  async continued(ask) {
    const client = clientFor(ask);
    const first = await respond(ask, { tools: RESPONSES_TOOLS });
    const call = first.output.find((item) => item.type === "function_call");
    const output = getWeather(JSON.parse(call.arguments));
    const second = await respond(ask, {
      input: [{ type: "function_call_output", call_id: call.call_id, output }],
      previous_response_id: first.id,
    });
    const stored = await client.responses.retrieve(second.id);
    await client.responses.delete(second.id);
    return {
      text: second.output_text,
      stored: stored.output_text,
      previous: second.previous_response_id === first.id,
    };
  },
};

/** Call what the model wants to have called until it answers; nothing is stored. */
async function responsesLoop(ask, answer) {
  const input = [{ role: "user", content: ask.prompt }];
  const calls = [];
  for (;;) {
    const reply = await answer({ input, tools: RESPONSES_TOOLS, store: false });
    const wanted = reply.output.filter((item) => item.type === "function_call");
    if (!wanted.length) return { calls, text: reply.output_text };
    input.push(...reply.output.map(({ parsed_arguments: _, status: __, ...item }) => item));
    for (const call of wanted) {
      const given = JSON.parse(call.arguments);
      calls.push({ name: call.name, arguments: given });
      const result = { call_id: call.call_id, output: getWeather(given) };
      input.push({ type: "function_call_output", ...result });
    }
  }
}

await serve(["openai"], { chat, responses });
