//===- PostProcessor.cpp - the tokens put around a text -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/PostProcessor.h"

using namespace xlstm;
using namespace xlstm::text;

/// Appends the ids of a "SpecialToken" of a template, which special_tokens lists.
static void addSpecial(const Node &piece, const Node &processor, const Vocabulary &vocabulary,
                       std::vector<int32_t> &out) {
  Node known = processor.member("special_tokens").member(piece.member("id").string());
  Node ids = known.member("ids");
  for (size_t n = 0; n < ids.array().size(); ++n) {
    int32_t id = ids.element(n).id();
    if (!vocabulary.has(id))
      ids.complain("the id ", id, " has no token");
    out.push_back(id);
  }
}

PostProcessor::PostProcessor(const Node &node, const Vocabulary &vocabulary) {
  if (!node.isNull())
    add(node, vocabulary);
}

void PostProcessor::add(const Node &node, const Vocabulary &vocabulary) {
  const std::string &type = node.member("type").string();
  if (type == "Sequence") {
    Node inner = node.member("processors");
    for (size_t n = 0; n < inner.array().size(); ++n)
      add(inner.element(n), vocabulary);
  } else if (type == "TemplateProcessing") {
    Node single = node.member("single");
    if (hasTemplate)
      node.complain("expected one template, found another");
    hasTemplate = true;
    int texts = 0;
    for (size_t n = 0; n < single.array().size(); ++n) {
      Node piece = single.element(n);
      if (!piece.member("Sequence").isNull())
        ++texts;
      else
        addSpecial(piece.member("SpecialToken"), node, vocabulary, texts ? after : before);
    }
    if (texts != 1)
      single.complain("expected the text once, found it ", texts, " times");
  } else if (type != "ByteLevel") {
    node.refuse("the post-processor ", quote(type), " is not supported");
  }
}
