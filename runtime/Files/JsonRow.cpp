//===- JsonRow.cpp - a line of a .jsonl corpus ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/JsonRow.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <cmath>

using namespace xlstm;

static double checkedWeight(const Json &value, const std::string &origin) {
  constexpr double most = 1e6;
  if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() <= most))
    fail(origin, ": 'weight': expected a number from 0 to ", most, ", found ", value.dump());
  return value.get<double>();
}

/// Checks the form; what roles and content may be is the template's to say.
static void checkMessages(const Json &messages, const std::string &origin) {
  bool hasAnswer = false;
  if (!messages.is_array())
    fail(origin, ": 'messages': expected a list, found ", messages.type_name());
  for (size_t n = 0; n < messages.size(); ++n) {
    const Json &message = messages[n];
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string())
      fail(origin, ": message ", n + 1, ": expected an object with a string 'role'");
    if (message.contains("weight"))
      checkedWeight(message["weight"], origin + ": message " + std::to_string(n + 1));
    hasAnswer |= message["role"] == "assistant";
  }
  if (!hasAnswer)
    fail(origin, ": 'messages': expected one of the role 'assistant', which training learns from, found none");
}

/// Tokens, and where there are labels those that are learned: what transformers' trainers take.
static void readTokens(const Json &object, Document &document, const std::string &origin) {
  const Json &ids = object["input_ids"];
  auto check = [&](const char *key, const Json &list, int64_t least) {
    if (!list.is_array() || list.size() != ids.size())
      fail(origin, ": '", key, "': expected a list of ", ids.size(), " numbers, found ",
           list.is_array() ? std::to_string(list.size()) + " of them" : list.type_name());
    for (const Json &id : list)
      if (!id.is_number_integer() || id.get<int64_t>() < least || id.get<int64_t>() > 0x7fffffff)
        fail(origin, ": '", key, "': expected ids from ", least, " on, found ", id.dump());
  };
  check("input_ids", ids, 0);
  document.ids = ids.get<std::vector<int32_t>>();
  auto labels = object.find("labels");
  if (labels == object.end() || labels->is_null())
    return;
  check("labels", *labels, -0x7fffffff);
  for (const Json &label : *labels)
    document.learned.push_back(label.get<int64_t>() >= 0);
}

Document xlstm::documentOfRow(std::string_view line, const std::string &origin) {
  Json object = parseJson(line, origin);
  auto text = object.is_object() ? object.find("text") : object.end();
  auto messages = object.is_object() ? object.find("messages") : object.end();
  bool hasText = text != object.end(), hasMessages = messages != object.end();
  bool hasTokens = object.is_object() && object.contains("input_ids");
  if (!object.is_object() || hasText + hasMessages + hasTokens != 1 || (hasText && !text->is_string()))
    fail(origin, ": expected an object with a string 'text', or a list 'messages' or 'input_ids'",
         hasText + hasMessages + hasTokens > 1 ? ", found several" : "");
  Document document;
  if (auto weight = object.find("weight"); weight != object.end())
    document.weight = checkedWeight(*weight, origin);
  if (hasText) {
    document.text = std::move(text->get_ref<std::string &>());
    return document;
  }
  if (hasTokens) {
    readTokens(object, document, origin);
    return document;
  }
  checkMessages(*messages, origin);
  Json chat = {{"messages", *messages}};
  if (auto tools = object.find("tools"); tools != object.end() && !tools->is_null())
    chat["tools"] = *tools;
  document.chat = chat.dump();
  return document;
}
