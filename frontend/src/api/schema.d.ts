export interface paths {
    "/api/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the models
         * @description List every model, first those that can be used: exactly one of these is the default.
         */
        get: operations["list_models_api_v1_models_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the models, as OpenAI, Anthropic or Google does
         * @description List the models that can be used, in the form of the vendor whose headers are sent.
         */
        get: operations["list_models_v1_models_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show one model, as OpenAI, Anthropic or Google does
         * @description Show one model, in the form of the vendor whose headers are sent.
         */
        get: operations["show_model_v1_models__model_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1beta/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the models, as Google does
         * @description List the models that can be used.
         */
        get: operations["list_gemini_models_v1beta_models_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1beta/models/{model_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show one model, as Google does
         * @description Show one model.
         */
        get: operations["show_gemini_model_v1beta_models__model_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the providers
         * @description List the providers that answer for a model, and those that a key would enable.
         */
        get: operations["list_providers_api_v1_providers_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List conversations
         * @description List conversations, the latest activity first; with `q`, those that have every word.
         */
        get: operations["find_api_v1_conversations_get"];
        put?: never;
        /**
         * Begin a conversation
         * @description Begin a conversation; without a title, it is named after its first message.
         */
        post: operations["create_api_v1_conversations_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{conversation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a conversation
         * @description Read a conversation and its messages, all branches and attempts.
         */
        get: operations["read_api_v1_conversations__conversation_id__get"];
        put?: never;
        post?: never;
        /**
         * Throw a conversation away
         * @description Throw a conversation away, stopping a reply in it; it can be restored for 30 days.
         */
        delete: operations["delete_api_v1_conversations__conversation_id__delete"];
        options?: never;
        head?: never;
        /**
         * Change a conversation
         * @description Change the title or the settings; what is not named stays, null takes a setting back.
         */
        patch: operations["change_api_v1_conversations__conversation_id__patch"];
        trace?: never;
    };
    "/api/v1/conversations/{conversation_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Bring a conversation back
         * @description Bring back a conversation that was thrown away.
         */
        post: operations["restore_api_v1_conversations__conversation_id__restore_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/messages/{message_id}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop a reply
         * @description Stop a reply that is being written, and keep what it said; one that ended stays.
         */
        post: operations["stop_api_v1_messages__message_id__stop_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/responses/{response_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a response again, as OpenAI does
         * @description Read a response as it was told.
         */
        get: operations["read_v1_responses__response_id__get"];
        put?: never;
        post?: never;
        /**
         * Delete a response, as OpenAI does
         * @description Delete a response; those that go on from it keep what was said.
         */
        delete: operations["delete_v1_responses__response_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/responses/{response_id}/input_items": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what a response was asked, as OpenAI does
         * @description List the items of a response's input, those that it went on from included.
         */
        get: operations["list_items_v1_responses__response_id__input_items_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Show what would be sent
         * @description Translate a request, and send nothing.
         */
        post: operations["explain_api_v1_explain_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell how the server is
         * @description Tell how the server is; asks nobody else, so it answers at once.
         */
        get: operations["health_health_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask a model
         * @description Answers whole, or as it comes with `Accept: text/event-stream`.
         */
        post: operations["ask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** HTTPValidationError */
        HTTPValidationError: {
            /** Detail */
            detail?: components["schemas"]["ValidationError"][];
        };
        /**
         * Health
         * @description The server's own health; `config` is `stale` while a changed file cannot be taken over.
         *
         *     `storage` is `ok`, or the reason for which the last attempt to store something failed.
         */
        Health: {
            /**
             * Status
             * @default ok
             */
            status: string;
            /** Config */
            config: string;
            /** Configreason */
            configReason?: string | null;
            /**
             * Storage
             * @default ok
             */
            storage: string;
            /** Inflight */
            inFlight: number;
            /** Models */
            models: number;
            /** Providers */
            providers: components["schemas"]["Provider"][];
        };
        /**
         * Model
         * @description A model as a client sees it; windows and ceilings are in tokens, null where unknown.
         *
         *     `capabilities` are what it is known to do, `lacks` what it is known not to do, and refused for;
         *     what is in neither is unknown. `efforts` are the words of reasoning effort that it takes, from
         *     the least; none at all: it thinks by a budget.
         *
         *     `state` and `reason` are those of its provider: whether it can be asked now. With `no_key` it
         *     cannot, and `reason` names the variable that is missing. `refused`, `unreachable` and `limited`
         *     are what was heard of it at `checkedAt`: it may be asked all the same.
         */
        Model: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Description */
            description: string;
            /** Provider */
            provider: string;
            /** Default */
            default: boolean;
            /** Contextwindow */
            contextWindow?: number | null;
            /** Maxoutputtokens */
            maxOutputTokens?: number | null;
            /** Capabilities */
            capabilities?: string[] | null;
            /** Lacks */
            lacks?: string[] | null;
            /** Efforts */
            efforts?: string[] | null;
            state: components["schemas"]["State"];
            /**
             * Reason
             * @default
             */
            reason: string;
            /** Checkedat */
            checkedAt?: string | null;
        };
        /**
         * Models
         * @description The models that are listed: first those that can be used, then those without a key.
         *
         *     Both in the order of the configuration.
         */
        Models: {
            /** Models */
            models: components["schemas"]["Model"][];
        };
        /**
         * Provider
         * @description A provider: whether it can be used now, and why not.
         *
         *     `keyVariable` holds its key, or its address where only that is missing. `checkedAt` is when it
         *     was last heard of, by a request or a check; null: not yet.
         */
        Provider: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            state: components["schemas"]["State"];
            /**
             * Reason
             * @default
             */
            reason: string;
            /** Checkedat */
            checkedAt?: string | null;
            /** Keyvariable */
            keyVariable?: string | null;
            /** Models */
            models: number;
        };
        /**
         * Providers
         * @description The providers that answer for a model, and those that a key would enable.
         */
        Providers: {
            /** Providers */
            providers: components["schemas"]["Provider"][];
        };
        /**
         * State
         * @description Whether a provider can be used now.
         *
         *     The last three are what was heard of it last: it refused the key, could not be reached, or
         *     wanted fewer requests. A request to it may fare better.
         * @enum {string}
         */
        State: "ready" | "no_key" | "loading" | "failed" | "refused" | "unreachable" | "limited";
        /** ValidationError */
        ValidationError: {
            /** Location */
            loc: (string | number)[];
            /** Message */
            msg: string;
            /** Error Type */
            type: string;
            /** Input */
            input?: unknown;
            /** Context */
            ctx?: Record<string, never>;
        };
        /**
         * Question
         * @description A message to a model, and what was said before. `model: null` asks the default model.
         *
         *         With a `conversationId` it is stored there, and what was said before is what is stored:
         *         `message` alone goes on after `parentId` (or where the conversation was last written to),
         *         `editOf` says an earlier message in other words, and `retryOf`, without a `message`, asks again.
         */
        Question: {
            /** @default null */
            message: string | null;
            /** @default null */
            model: string | null;
            /** @default null */
            conversationId: string | null;
            /** @default null */
            timestamp: string | null;
            /** @default [] */
            history: components["schemas"]["Turn"][];
            /** @default null */
            parentId: string | null;
            /** @default null */
            retryOf: string | null;
            /** @default null */
            editOf: string | null;
        };
        /**
         * Turn
         * @description One earlier turn; `sender: "system"` is the model's, never an instruction.
         */
        Turn: {
            /** @enum {unknown} */
            sender: "system" | "user";
            text: string;
        };
        /**
         * Answer
         * @description A whole reply.
         */
        Answer: {
            /** @default success */
            status: string;
            message: string;
            timestamp: string;
            model: string;
            request_id: string;
            usage: components["schemas"]["TokenUsage"];
            stopReason: components["schemas"]["StopReason"];
        };
        /**
         * TokenUsage
         * @description Token counts of a reply; what the vendor did not say is null.
         */
        TokenUsage: {
            inputTokens: number | null;
            outputTokens: number | null;
            totalTokens: number | null;
            cacheReadTokens: number | null;
            cacheWriteTokens: number | null;
            reasoningTokens: number | null;
        };
        /**
         * StopReason
         * @description Why a reply ended.
         * @enum {unknown}
         */
        StopReason: "content_filter" | "context_full" | "error" | "length" | "malformed" | "pause" | "refusal" | "stop" | "stop_sequence" | "tool";
        /**
         * AnswerInConversation
         * @description A whole reply that is stored, with the message it answers, as `messageId`.
         */
        AnswerInConversation: {
            /** @default success */
            status: string;
            message: string;
            timestamp: string;
            model: string;
            request_id: string;
            usage: components["schemas"]["TokenUsage"];
            stopReason: components["schemas"]["StopReason"];
            conversationId: string;
            userMessageId: string;
            messageId: string;
            title: string;
            timing: components["schemas"]["Times"];
        };
        /**
         * Times
         * @description How long a reply took, in milliseconds, from the moment when its model was asked.
         */
        Times: {
            firstTokenMs: number | null;
            totalMs: number | null;
        };
        /**
         * Start
         * @description The event that opens a streamed reply in a conversation: what is stored, under which ids.
         */
        Start: {
            /** @enum {unknown} */
            type: "start";
            conversationId: string;
            userMessageId: string;
            messageId: string;
            title: string;
            model: string;
        };
        /**
         * Complete
         * @description The event that ends a streamed reply.
         */
        Complete: {
            /** @enum {unknown} */
            type: "complete";
            model: string;
            totalTokens: number | null;
            usage: components["schemas"]["TokenUsage"];
            stopReason: components["schemas"]["StopReason"];
            request_id: string;
            timestamp: string;
        };
        /**
         * CompleteInConversation
         * @description The event that ends a streamed reply that is stored.
         */
        CompleteInConversation: {
            /** @enum {unknown} */
            type: "complete";
            model: string;
            totalTokens: number | null;
            usage: components["schemas"]["TokenUsage"];
            stopReason: components["schemas"]["StopReason"];
            request_id: string;
            timestamp: string;
            conversationId: string;
            messageId: string;
            timing: components["schemas"]["Times"];
            receipts: components["schemas"]["Receipt"][];
        };
        /**
         * Receipt
         * @description One change: which `field` of the request was dropped, renamed or emulated, and why.
         */
        Receipt: {
            field: string;
            /** @enum {unknown} */
            action: "dropped" | "emulated" | "renamed";
            reason: string;
        };
        /**
         * ConversationWishes
         * @description What is wanted of a conversation; null leaves it to the server or the vendor.
         */
        ConversationWishes: {
            /** @default null */
            title: string | null;
            /** @default null */
            systemPrompt: string | null;
            /** @default null */
            model: string | null;
            /** @default null */
            temperature: number | null;
            /** @default null */
            maxTokens: number | null;
        };
        /**
         * ConversationView
         * @description A conversation, without what is said in it. `updatedAt` is the time of its last activity.
         */
        ConversationView: {
            id: string;
            title: string;
            createdAt: string;
            updatedAt: string;
            systemPrompt: string | null;
            model: string | null;
            temperature: number | null;
            maxTokens: number | null;
        };
        /**
         * ConversationWithMessages
         * @description A conversation with its last messages, in the order in which they were made, all branches.
         *
         *         `activeLeaf` is the message last written. `nextBefore` is what to send as `before` for the
         *         messages before these, null if there are none.
         */
        ConversationWithMessages: {
            id: string;
            title: string;
            createdAt: string;
            updatedAt: string;
            systemPrompt: string | null;
            model: string | null;
            temperature: number | null;
            maxTokens: number | null;
            messages: components["schemas"]["MessageView"][];
            activeLeaf: string | null;
            nextBefore: string | null;
        };
        /**
         * MessageView
         * @description One message, or one attempt at a reply; `system` is the model's turn (an old word).
         *
         *         What hangs on which message is told by `parentId`: replies to one message are attempts, messages
         *         with one parent are wordings. `receipts` tell what of the question its model was not told, or
         *         was told in other words.
         */
        MessageView: {
            id: string;
            /** @enum {unknown} */
            sender: "system" | "user";
            text: string;
            /** @enum {unknown} */
            state: "cancelled" | "complete" | "error" | "interrupted" | "streaming";
            model: string | null;
            provider: string | null;
            timestamp: string;
            usage: components["schemas"]["TokenUsage"] | null;
            timing: components["schemas"]["Times"] | null;
            error: components["schemas"]["Failure"] | null;
            parentId: string | null;
            stopReason: string | null;
            reasoning: string | null;
            receipts: components["schemas"]["Receipt"][];
        };
        /**
         * Failure
         * @description Why a reply failed, as it was told then; `retryAfter` is in seconds.
         */
        Failure: {
            code: string;
            reason: string;
            message: string;
            /** @default null */
            detail: Record<string, never> | null;
            /** @default null */
            retryAfter: number | null;
            /** @default null */
            request_id: string | null;
        };
        /**
         * ConversationPage
         * @description A part of the list; `nextCursor` leads to the next, null at the end.
         */
        ConversationPage: {
            conversations: components["schemas"]["ConversationSummary"][];
            nextCursor: string | null;
        };
        /**
         * ConversationSummary
         * @description A conversation in the list: `models` answered in it, `snippet` has the words looked for.
         */
        ConversationSummary: {
            id: string;
            title: string;
            createdAt: string;
            updatedAt: string;
            model: string | null;
            models: string[];
            snippet?: string;
        };
        /**
         * Enquiry
         * @description A request as a program would send it. `model` and `stream` are for dialects in which they
         *         stand in the address; `headers` are those that its program would send.
         */
        Enquiry: {
            dialect: string;
            request: Record<string, never>;
            /** @default {} */
            headers: {
                [key: string]: string;
            };
            /** @default null */
            model: string | null;
            /** @default null */
            stream: boolean | null;
        };
        /**
         * Explanation
         * @description What would happen. `inputTokens` is estimated, `contextWindow` what the model takes of it and
         *         the answer together; what is unknown is null.
         */
        Explanation: {
            model: string;
            provider: string;
            request: components["schemas"]["SentRequest"];
            receipts: components["schemas"]["Receipt"][];
            inputTokens: number;
            maxOutputTokens: number | null;
            contextWindow: number | null;
            cost: components["schemas"]["EstimatedCost"] | null;
        };
        /**
         * SentRequest
         * @description A request to a provider, without its key.
         */
        SentRequest: {
            method: string;
            url: string;
            headers: {
                [key: string]: string;
            };
            body: unknown;
        };
        /**
         * EstimatedCost
         * @description What it costs in US dollars: the question, and an answer as long as it may be at most.
         */
        EstimatedCost: {
            /** Format: decimal */
            inputUsd: string;
            mostUsd: string | null;
            source: string;
        };
        /** Error */
        Error: {
            /** @constant */
            status: "error";
            /** @description A sentence for the person who can act. */
            error: string;
            /** @enum {unknown} */
            code: "AUTH_ERROR" | "RATE_LIMIT" | "LLM_ERROR" | "TIMEOUT" | "CONNECTION_ERROR" | "INVALID_REQUEST" | "STORAGE_ERROR" | "UNKNOWN";
            /** @description The fine word; see docs/errors.md. */
            reason: string;
            request_id: string;
            /** Format: date-time */
            timestamp: string;
            detail?: Record<string, never>;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_models_api_v1_models_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Models"];
                };
            };
        };
    };
    list_models_v1_models_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    show_model_v1_models__model_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_gemini_models_v1beta_models_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    show_gemini_model_v1beta_models__model_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_providers_api_v1_providers_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Providers"];
                };
            };
        };
    };
    find_api_v1_conversations_get: {
        parameters: {
            query?: {
                /** @description Words that stand in the title or in a message. */
                q?: string;
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationPage"];
                };
            };
            /** @description An error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    create_api_v1_conversations_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConversationWishes"];
            };
        };
        responses: {
            /** @description Done */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationView"];
                };
            };
            /** @description An error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    read_api_v1_conversations__conversation_id__get: {
        parameters: {
            query?: {
                /** @description How many messages at most. */
                limit?: number;
                /** @description Only messages before this one, by its id. */
                before?: string | null;
            };
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationWithMessages"];
                };
            };
            /** @description An error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    delete_api_v1_conversations__conversation_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    change_api_v1_conversations__conversation_id__patch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConversationWishes"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationView"];
                };
            };
            /** @description An error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    restore_api_v1_conversations__conversation_id__restore_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationView"];
                };
            };
            /** @description An error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    stop_api_v1_messages__message_id__stop_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                message_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_v1_responses__response_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                response_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    delete_v1_responses__response_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                response_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_items_v1_responses__response_id__input_items_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                response_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    explain_api_v1_explain_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Enquiry"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            /** @description An error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    health_health_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    ask: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Question"];
            };
        };
        responses: {
            /** @description The reply */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"] | components["schemas"]["AnswerInConversation"];
                    "text/event-stream": string;
                };
            };
            /** @description The body is not JSON, the model is unknown, or the provider will not do this */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such conversation or message */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither JSON nor an event stream is accepted */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Another reply is being written in the conversation */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A field is missing or wrong; `detail.field` names it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The provider refused, limited or failed; `code`, `reason` and Retry-After tell more */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The provider did not answer in time */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The disk is full, so that nothing was stored and nobody was asked */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
}
