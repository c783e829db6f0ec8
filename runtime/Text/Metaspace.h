//===- Metaspace.h - a sign in place of spaces ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_METASPACE_H
#define XLSTM_RUNTIME_TEXT_METASPACE_H

#include "runtime/Text/JsonFields.h"
#include "runtime/Text/Unicode.h"

namespace xlstm::text {

/// What a tokenizer.json says of Metaspace, which is a pre-tokenizer and a decoder.
struct MetaspaceFields {
  std::string sign;
  enum Scheme { Always, First, Never } scheme = Always;
  bool split;

  explicit MetaspaceFields(const Node &node)
      : sign(node.member("replacement").string()), split(node.member("split").boolean(true)) {
    if (sign.empty() || firstCharacter(sign).length != sign.size())
      node.member("replacement").complain("expected one character, found ", quote(sign));
    Node name = node.member("prepend_scheme");
    std::string known = name.isNull() ? "always" : name.string();
    if (known != "always" && known != "first" && known != "never")
      name.complain("expected always, first or never, found ", quote(known));
    scheme = known == "always" ? Always : known == "first" ? First : Never;
    Node prefix = node.member("add_prefix_space"); // of older files
    if (!prefix.boolean(true) && scheme != Never)
      prefix.complain("expected true, for prepend_scheme is ", known);
  }
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_METASPACE_H
