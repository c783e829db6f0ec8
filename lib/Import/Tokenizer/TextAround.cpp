//===- TextAround.cpp - the post-processor of a tokenizer.json ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is malformed here is left for Tokenizer::parse() to name, which reads the file afterwards.

#include "lib/Import/Tokenizer/TextAround.h"

using namespace xlstm;

static bool isOf(const Json &processor, const char *type) {
  return processor.is_object() && processor.value("type", Json()) == type;
}

/// Every processor that is not a Sequence, in order.
static void flatten(const Json &processor, std::vector<Json> &out) {
  if (!isOf(processor, "Sequence"))
    return processor.is_null() ? void() : out.push_back(processor);
  if (const Json inner = processor.value("processors", Json()); inner.is_array())
    for (const Json &each : inner)
      flatten(each, out);
}

static PlacedToken readToken(const Json &piece, const Json &known) {
  PlacedToken token;
  if (const Json special = piece.value("SpecialToken", Json()); special.is_object())
    token.content = special.value("id", Json()).is_string() ? special["id"].get<std::string>() : "";
  if (auto entry = known.find(token.content); entry != known.end() && entry->is_object())
    for (const Json &id : entry->value("ids", Json::array()))
      if (id.is_number_integer())
        token.ids.push_back(id.get<int64_t>());
  return token;
}

TextAround TextAround::read(const Json &postProcessor) {
  TextAround around;
  std::vector<Json> processors;
  flatten(postProcessor, processors);
  for (const Json &processor : processors) {
    if (!isOf(processor, "TemplateProcessing"))
      continue;
    Json known = processor.value("special_tokens", Json::object());
    bool isBehind = false;
    for (const Json &piece : processor.value("single", Json::array())) {
      if (!piece.is_object() || !known.is_object())
        continue;
      if (piece.contains("Sequence"))
        isBehind = true;
      else
        (isBehind ? around.after : around.before).push_back(readToken(piece, known));
    }
  }
  return around;
}

static Json templateOf(const TextAround &around) {
  Json single = Json::array(), pair = Json::array(), known = Json::object();
  auto add = [&](Json &list, const std::vector<PlacedToken> &tokens, int type) {
    for (const PlacedToken &token : tokens) {
      list.push_back({{"SpecialToken", {{"id", token.content}, {"type_id", type}}}});
      Json spelled = Json::array();
      for (size_t n = 0; n < token.ids.size(); ++n)
        spelled.push_back(token.content);
      known[token.content] = {{"id", token.content}, {"ids", token.ids}, {"tokens", spelled}};
    }
  };
  auto addText = [&](Json &list, const char *name, int type) {
    add(list, around.before, type);
    list.push_back({{"Sequence", {{"id", name}, {"type_id", type}}}});
    add(list, around.after, type);
  };
  addText(single, "A", 0);
  addText(pair, "A", 0);
  addText(pair, "B", 1);
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", known}};
}

Json TextAround::applyTo(const Json &postProcessor) const {
  std::vector<Json> processors;
  flatten(postProcessor, processors);
  std::erase_if(processors, [](const Json &processor) { return isOf(processor, "TemplateProcessing"); });
  if (!before.empty() || !after.empty())
    processors.push_back(templateOf(*this));
  if (processors.empty())
    return nullptr;
  if (processors.size() == 1)
    return processors.front();
  return {{"type", "Sequence"}, {"processors", processors}};
}
