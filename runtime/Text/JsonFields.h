//===- JsonFields.h - located access to a tokenizer.json ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_JSONFIELDS_H
#define XLSTM_RUNTIME_TEXT_JSONFIELDS_H

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Text/Unsupported.h"
#include "xlstm/Support/Quote.h"

namespace xlstm::text {

/// A JSON value and where it stands, "tokenizer.json: model.vocab", for messages.
class Node {
public:
  Node(const Json &value, std::string place, int depth = 0) : value(&value), place(std::move(place)), depth(depth) {}

  template <typename... Parts>
  [[noreturn]] void complain(const Parts &...parts) const {
    fail(place, ": ", parts...);
  }

  /// As complain(), for what is right but not supported here.
  template <typename... Parts>
  [[noreturn]] void refuse(const Parts &...parts) const {
    std::ostringstream text;
    ((text << place << ": ") << ... << parts);
    throw Unsupported(text.str());
  }

  /// The member `key`; a null Node when it is absent.
  Node member(const std::string &key) const {
    static const Json null;
    if (!value->is_object())
      complain("expected an object, found ", value->type_name());
    auto found = value->find(key);
    return child(key, found == value->end() ? null : *found);
  }
  /// As member(), for a value at hand: looking it up takes time linear in the object.
  Node child(const std::string &key, const Json &inner) const {
    std::string shown = quote(key);
    return {inner, place + (depth ? "." : ": ") + shown.substr(1, shown.size() - 2), depth + 1};
  }
  Node element(size_t index) const { return {(*value)[index], place + "[" + std::to_string(index) + "]", depth + 1}; }

  const std::string &where() const { return place; }
  bool isNull() const { return value->is_null(); }
  const Json &json() const { return *value; }

  const Json &object() const { return checked(value->is_object(), "an object"); }
  const Json &array() const { return checked(value->is_array(), "an array"); }
  const std::string &string() const { return checked(value->is_string(), "a string").get_ref<const std::string &>(); }
  bool boolean() const { return checked(value->is_boolean(), "true or false").get<bool>(); }
  /// `absent` where the member is missing or null.
  bool boolean(bool absent) const { return isNull() ? absent : boolean(); }
  /// A token id; no table of ours needs more entries than `maxId` even for a file made to be bad.
  int32_t id() const {
    if (!value->is_number_unsigned() || value->get<uint64_t>() > maxId)
      complain("expected a token id from 0 to ", maxId, ", found ", quote(value->dump()));
    return value->get<int32_t>();
  }

  static constexpr uint64_t maxId = (uint64_t{1} << 22) - 1;

private:
  const Json &checked(bool right, const char *what) const {
    if (!right)
      complain("expected ", what, ", found ", value->is_null() ? "nothing" : value->type_name());
    return *value;
  }

  const Json *value;
  std::string place;
  int depth;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_JSONFIELDS_H
