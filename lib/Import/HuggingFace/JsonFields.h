//===- JsonFields.h - keys of a JSON object, read strictly ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_JSONFIELDS_H
#define LIB_IMPORT_HUGGINGFACE_JSONFIELDS_H

#include "xlstm/Runtime/Files/Json.h"

#include <optional>
#include <vector>

namespace xlstm {

/// The keys of one object of a file. Every reader throws Error "FILE: 'KEY': expected ..., found ..." for a value of
/// another type or out of range. A null counts as an absent key, except where a size is required.
class JsonFields {
public:
  /// `prefix` leads to the object, such as "rope_scaling.". Throws Error when `value` is no object.
  JsonFields(const Json &value, std::string file, std::string prefix = "");

  bool contains(const std::string &key) const { return json.contains(key); }
  /// The key behind the prefix and the file's name, for messages.
  std::string place(const std::string &key) const { return file + ": '" + prefix + key + "'"; }
  /// The value; nothing when absent or null.
  const Json *find(const std::string &key) const;
  /// The object under a key; nothing when absent or null.
  std::optional<JsonFields> child(const std::string &key) const;

  /// An integer of 1 to 2^27, so that the product of two fits 64 bits.
  int64_t size(const std::string &key) const;
  std::optional<int64_t> optionalSize(const std::string &key) const;
  /// As size, but may be 0.
  std::optional<int64_t> optionalCount(const std::string &key) const;
  /// A finite number above 0.
  std::optional<double> positive(const std::string &key) const;
  double requiredPositive(const std::string &key) const;
  /// A list of `size` finite numbers above 0.
  std::vector<double> positives(const std::string &key, size_t size) const;
  std::optional<bool> flag(const std::string &key) const;
  std::optional<std::string> text(const std::string &key) const;

  /// Throws "FILE: 'KEY': expected `expected`, found <the value>".
  [[noreturn]] void fail(const std::string &key, const std::string &expected) const;

private:
  int64_t integer(const std::string &key, int64_t least) const;

  const Json &json;
  std::string file, prefix;
};

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_JSONFIELDS_H
