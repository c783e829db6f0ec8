#!/usr/bin/env python3
"""OpenAI's own client (PyPI: openai) against a compiled executable's server: chat, streams, tools, chances, errors.

    python3 -m venv /tmp/openai && /tmp/openai/bin/pip install openai
    /tmp/openai/bin/python test/peers/serve_openai.py CHAT

CHAT: an executable with a chat template. What the client makes of an answer is compared with what the server said in plain HTTP."""

import json
import pathlib
import sys

import openai

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from serve_client import Server, completion  # noqa: E402

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
TOOLS = [{"type": "function", "function": {"name": "rain", "parameters": {"type": "object", "properties": {}}}}]


def expect(error, status, field=None):
    def check(call):
        try:
            call()
        except error as found:
            assert found.status_code == status and found.param == field, found
            return
        raise AssertionError(f"expected {error.__name__}")
    return check


def main():
    with Server(sys.argv[1], "--api-key", "secret", "--quiet") as server:
        server.key = "secret"
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="secret", max_retries=0)
        model = client.models.list().data[0].id
        asked = {"model": model, "messages": MESSAGES, "max_tokens": 16, "temperature": 0}
        truth = server.ask("/v1/chat/completions", asked)["choices"][0]["message"]["content"]

        answer = client.chat.completions.create(**asked)
        assert answer.choices[0].message.content == truth and answer.choices[0].message.role == "assistant"
        assert answer.usage.prompt_tokens_details.cached_tokens == answer.usage.prompt_tokens, "it was read before"
        several = client.chat.completions.create(**{**asked, "temperature": 1}, n=3, seed=5, logprobs=True, top_logprobs=2)
        assert len(several.choices) == 3 and len(several.choices[1].logprobs.content[0].top_logprobs) == 2

        text, usage = "", None
        for chunk in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
            text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
            usage = chunk.usage or usage
        assert text == truth and usage.completion_tokens <= 16
        with client.chat.completions.stream(**asked) as stream:
            for event in stream:
                pass
            assert stream.current_completion_snapshot.choices[0].message.content == truth
        client.chat.completions.create(**asked, tools=TOOLS, tool_choice="auto")
        with client.chat.completions.create(**{**asked, "max_tokens": 4000}, stream=True) as left:
            next(iter(left))

        plain = client.completions.create(model=model, prompt="Once upon a time", max_tokens=8, temperature=0, echo=True, logprobs=1)
        assert plain.choices[0].text == "Once upon a time" + completion(server, "Once upon a time", 8)["choices"][0]["text"]
        assert plain.choices[0].logprobs.token_logprobs[0] is None
        streamed = client.completions.create(model=model, prompt="Once upon a time", max_tokens=8, temperature=0, stream=True)
        assert "Once upon a time" + "".join(c.choices[0].text for c in streamed) == plain.choices[0].text

        written = client.chat.completions.create(**{**asked, "max_tokens": 200}, response_format={"type": "json_object"}).choices[0]
        assert written.finish_reason == "length" or isinstance(json.loads(written.message.content), dict)

        expect(openai.BadRequestError, 400, "temperature")(lambda: client.chat.completions.create(**{**asked, "temperature": -1}))
        expect(openai.BadRequestError, 400, "response_format.type")(
            lambda: client.chat.completions.create(**asked, response_format={"type": "json_schema", "json_schema": {"name": "x"}}))
        expect(openai.BadRequestError, 400, "tool_choice")(
            lambda: client.chat.completions.create(**asked, tools=TOOLS, tool_choice="required"))
        expect(openai.AuthenticationError, 401)(lambda: openai.OpenAI(base_url=client.base_url, api_key="x", max_retries=0).models.list())
        expect(openai.NotFoundError, 404)(lambda: client.embeddings.create(model=model, input="a"))
        assert server.stop() == 0
    print(f"openai {openai.__version__}: as it should be")


if __name__ == "__main__":
    main()
