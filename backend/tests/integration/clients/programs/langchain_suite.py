"""LangChain's own standard tests for integrations, of its OpenAI integration pointed here.

What the tests fetch from elsewhere (pictures, documents, sounds) is left out: they want no network.
"""

import os
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests


class TestThroughDragoman(ChatModelIntegrationTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "base_url": f"{os.environ['DRAGOMAN']}/v1",
            "api_key": "any",
            "model": os.environ["MODEL"],
            "use_responses_api": os.environ["DOOR"] == "responses",
            "stream_usage": True,
            "max_retries": 0,
        }

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return os.environ["OTHER_MODEL"]
