// The Vercel AI SDK: each of its providers at the door that speaks its vendor's format.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, embedMany, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import { TOOL_DESCRIPTION, cannot, getWeather, heard, serve } from "./cell_driver.mjs";

const City = z.object({ name: z.string(), population: z.int() });

const compatible = (ask) =>
  createOpenAICompatible({
    name: "dragoman",
    baseURL: `${ask.base}/v1`,
    apiKey: "any",
    includeUsage: true,
    supportsStructuredOutputs: true,
  });

const MODELS = {
  chat: (ask) => compatible(ask)(ask.model),
  responses: (ask) => createOpenAI({ baseURL: `${ask.base}/v1`, apiKey: "any" })(ask.model),
  messages: (ask) => createAnthropic({ baseURL: `${ask.base}/v1`, apiKey: "any" })(ask.model),
  gemini: (ask) =>
    createGoogleGenerativeAI({ baseURL: `${ask.base}/v1beta`, apiKey: "any" })(ask.model),
};

const REASONING = {
  chat: { dragoman: { reasoningEffort: "high" } },
  responses: { openai: { reasoningEffort: "high", forceReasoning: true } },
  messages: { anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } } },
  gemini: { google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } } },
};

const usageOf = (usage) => ({ input: usage.inputTokens, output: usage.outputTokens });

const question = (ask, more = {}) => ({
  model: MODELS[ask.door](ask),
  instructions: ask.system,
  prompt: ask.prompt,
  maxRetries: 0,
  ...more,
});

const withTools = (ask, calls) =>
  question(ask, {
    stopWhen: stepCountIs(4),
    tools: {
      get_weather: tool({
        description: TOOL_DESCRIPTION,
        inputSchema: z.object({ city: z.string() }),
        execute: (given) => {
          calls.push({ name: "get_weather", arguments: given });
          return getWeather(given);
        },
      }),
    },
  });

/** Give the words of a stream; an error is a part of it here, and raised. */
async function* textsOf(result) {
  for await (const part of result.fullStream) {
    if (part.type === "text-delta") yield part.text;
    if (part.type === "error") throw part.error;
  }
}

const quiet = { onError: () => {} };

const cells = {
  async plain(ask) {
    const reply = await generateText(question(ask));
    return {
      text: reply.text,
      stop: reply.finishReason,
      model: reply.response.modelId,
      usage: usageOf(reply.usage),
    };
  },

  async stream(ask) {
    const result = streamText(question(ask, quiet));
    const came = await heard(textsOf(result));
    if (came.error) return came;
    const [response, usage] = [await result.response, await result.usage];
    return { ...came, model: response.modelId, usage: usageOf(usage) };
  },

  async cancel(ask) {
    const leaving = new AbortController();
    const result = streamText(question(ask, { ...quiet, abortSignal: leaving.signal }));
    const came = await heard(textsOf(result), 1);
    leaving.abort();
    return came;
  },

  async tools(ask) {
    const calls = [];
    const reply = await generateText(withTools(ask, calls));
    return { calls, text: reply.text };
  },

  parallel: (ask) => cells.tools(ask),

  async tools_streamed(ask) {
    const calls = [];
    const result = streamText({ ...withTools(ask, calls), ...quiet });
    const came = await heard(textsOf(result));
    return { calls, ...came };
  },

  async schema(ask) {
    const reply = await generateText(
      question(ask, { output: Output.object({ schema: City, name: "city" }) }),
    );
    return { parsed: reply.output };
  },

  async reasoning(ask) {
    const reply = await generateText(
      question(ask, { providerOptions: REASONING[ask.door], maxOutputTokens: 2048 }),
    );
    return { text: reply.text, thought: reply.reasoningText ?? null };
  },
};

const NO_COUNT = cannot("the AI SDK has no call that counts tokens");
const NO_LIST = cannot("the AI SDK has no call that lists models");

await serve(["ai", "@ai-sdk/openai-compatible", "@ai-sdk/openai", "@ai-sdk/anthropic", "@ai-sdk/google"], {
  chat: {
    ...cells,
    models: NO_LIST,
    async embeddings(ask) {
      const model = compatible(ask).embeddingModel(ask.model);
      const reply = await embedMany({ model, values: ["one", "two"], maxRetries: 0 });
      return { vectors: reply.embeddings };
    },
  },
  responses: {
    ...cells,
    async continued(ask) {
      const model = MODELS.responses(ask);
      const weather = withTools(ask, []);
      delete weather.tools.get_weather.execute;
      const first = await generateText({ ...weather, stopWhen: stepCountIs(1) });
      const [call] = first.toolCalls;
      const output = { type: "text", value: getWeather(call.input) };
      const { toolCallId, toolName } = call;
      const second = await generateText({
        model,
        maxRetries: 0,
        messages: [
          { role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output }] },
        ],
        providerOptions: {
          openai: { previousResponseId: first.providerMetadata.openai.responseId },
        },
      });
      return { text: second.text };
    },
  },
  messages: { ...cells, models: NO_LIST, count_tokens: NO_COUNT },
  gemini: { ...cells, models: NO_LIST, count_tokens: NO_COUNT },
});
