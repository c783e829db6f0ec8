//===- ChatFuzzer.cpp - fuzz target of chat templates --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/Fuzz/Fuzz.h"

#include "xlstm/Runtime/Text/ChatTemplate.h"

using namespace xlstm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const Json messages = Json::parse(
      R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi \u00e9 <b>"},
          {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHello", "tool_calls": [{"function":
            {"name": "f", "arguments": {"x": 1, "y": [1.5, null, true]}}}]},
          {"role": "tool", "content": "42"}, {"role": "user", "content": " More? "}])");
  static const Json tools = Json::parse(
      R"([{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}])");
  return fuzz::expectError([&] {
    ChatTemplate chat = ChatTemplate::parse(fuzz::textOf(data, size), "chat_template.jinja");
    ChatOptions options;
    options.specialTokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
    options.variables = {{"tools", tools}, {"enable_thinking", false}, {"date_string", "1 Jan 2026"}};
    chat.render(messages, options);
  });
}
