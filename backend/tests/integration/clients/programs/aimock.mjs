// aimock as an upstream: it greets, calls the tool that it is given, and answers its result.

import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ host: "127.0.0.1", port: 0 });
mock.addFixture({ match: { hasToolResult: true }, response: { content: "It is warm there." } });
mock.addFixture({
  match: { predicate: (request) => request.tools?.length > 0 },
  response: { toolCalls: [{ name: "get_weather", arguments: '{"city":"Paris"}' }] },
});
mock.addFixture({ match: { userMessage: /./ }, response: { content: "Ahoy from the harbour" } });
await mock.start();
console.log(`http://127.0.0.1:${new URL(mock.url).port} listens`);
