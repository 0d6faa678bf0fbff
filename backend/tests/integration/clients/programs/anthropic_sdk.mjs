// Anthropic's own SDK for Node, through messages, their counting and the list of models.

import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";

import {
  TOOL_DESCRIPTION,
  TOOL_NAME,
  TOOL_PARAMETERS,
  getWeather,
  heard,
  serve,
} from "./cell_driver.mjs";

const TOOLS = [
  { name: TOOL_NAME, description: TOOL_DESCRIPTION, input_schema: TOOL_PARAMETERS },
];

const City = z.object({ name: z.string(), population: z.int() });

const clientFor = (ask) =>
  new Anthropic({
    baseURL: ask.base,
    apiKey: "any",
    maxRetries: ask.retries,
    timeout: ask.timeout * 1000,
  });

const question = (ask, more = {}) => ({
  model: ask.model,
  max_tokens: 300,
  system: ask.system,
  messages: [{ role: "user", content: ask.prompt }],
  ...more,
});

const textOf = (message) =>
  message.content
    .filter((block) => block.type === "text")
    .map((block) => block.text)
    .join("");

const outcomeOf = (message) => ({
  text: textOf(message),
  stop: message.stop_reason,
  model: message.model,
  usage: { input: message.usage.input_tokens, output: message.usage.output_tokens },
});

async function* textsOf(events) {
  for await (const event of events) {
    if (event.type === "content_block_delta" && event.delta.type === "text_delta") {
      yield event.delta.text;
    }
  }
}

/** Call what the model wants to have called until it answers. */
async function loop(ask, answer) {
  const messages = [{ role: "user", content: ask.prompt }];
  const calls = [];
  for (;;) {
    const message = await answer(clientFor(ask), question(ask, { messages, tools: TOOLS }));
    if (message.stop_reason !== "tool_use") return { calls, text: textOf(message) };
    const wanted = message.content.filter((block) => block.type === "tool_use");
    calls.push(...wanted.map((call) => ({ name: call.name, arguments: call.input })));
    messages.push({ role: "assistant", content: message.content });
    const results = wanted.map((call) => ({
      type: "tool_result",
      tool_use_id: call.id,
      content: getWeather(call.input),
    }));
    messages.push({ role: "user", content: results });
  }
}

const messages = {
  plain: async (ask) => outcomeOf(await clientFor(ask).messages.create(question(ask))),

  async stream(ask) {
    const events = clientFor(ask).messages.stream(question(ask));
    const came = await heard(textsOf(events));
    return came.error ? came : { ...outcomeOf(await events.finalMessage()), ...came };
  },

  async cancel(ask) {
    const events = await clientFor(ask).messages.create(question(ask, { stream: true }));
    return heard(textsOf(events), 1);
  },

  tools: (ask) => loop(ask, (client, body) => client.messages.create(body)),

  parallel: (ask) => messages.tools(ask),

  tools_streamed: (ask) =>
    loop(ask, (client, body) => client.messages.stream(body).finalMessage()),

  async schema(ask) {
    const message = await clientFor(ask).messages.parse(
      question(ask, { output_config: { format: zodOutputFormat(City) } }),
    );
    return { parsed: message.parsed_output };
  },

  async reasoning(ask) {
    const client = clientFor(ask);
    const thinking = { type: "enabled", budget_tokens: 1024 };
    const more = { thinking, max_tokens: 2048 };
    const first = await client.messages.create(question(ask, more));
    const said = [
      { role: "user", content: ask.prompt },
      { role: "assistant", content: first.content },
      { role: "user", content: "Go on." },
    ];
    const second = await client.messages.create(question(ask, { ...more, messages: said }));
    const thoughts = first.content.filter((block) => block.type === "thinking");
    return {
      text: textOf(second),
      thought: thoughts.map((block) => block.thinking).join("") || null,
    };
  },

  async count_tokens(ask) {
    const { max_tokens: _, ...asked } = question(ask);
    return { tokens: (await clientFor(ask).messages.countTokens(asked)).input_tokens };
  },

  async models(ask) {
    const client = clientFor(ask);
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return { ids, one: (await client.models.retrieve(ask.model)).id };
  },
};

await serve(["@anthropic-ai/sdk"], { messages });
