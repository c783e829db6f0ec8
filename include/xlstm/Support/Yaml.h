//===- Yaml.h - strict reading of YAML settings ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_YAML_H
#define XLSTM_SUPPORT_YAML_H

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xlstm {

/// A place in a YAML file, read with every check that a user's typing error needs. All methods throw Error as
/// "file:line: 'key': expected ..., found ...".
class YamlNode {
public:
  /// The root of `file`: a map without duplicate keys.
  static YamlNode load(const std::filesystem::path &file);

  /// Refuses a map with any other key, naming the key and those there are.
  const YamlNode &onlyKeys(const std::vector<std::string> &keys) const;
  /// The value of `key`; required.
  YamlNode at(const std::string &key) const;
  std::optional<YamlNode> find(const std::string &key) const;
  std::vector<YamlNode> items() const;
  std::vector<std::pair<std::string, YamlNode>> entries() const;
  /// The value written out again in one line, the same for the same value.
  std::string text() const;
  /// The same without the entries `keys`, or without those of each of the map's values.
  std::string textWithout(const std::vector<std::string> &keys, bool ofValues = false) const;
  bool isScalar() const;
  bool isList() const;

  std::string asString() const;
  bool asBool() const;
  int64_t asInt(int64_t least = 0, int64_t most = std::numeric_limits<int64_t>::max()) const;
  double asDouble(double least = 0, double most = std::numeric_limits<double>::max()) const;

  // The value of `key` when it is there; else `value` stays as it is.
  void read(const std::string &key, std::string &value) const;
  void read(const std::string &key, bool &value) const;
  void read(const std::string &key, int64_t &value, int64_t least = 0) const;
  void read(const std::string &key, double &value, double least = 0) const;

  /// Throws Error at this place.
  [[noreturn]] void fail(const std::string &text) const;

private:
  struct Impl;
  explicit YamlNode(std::shared_ptr<const Impl> impl) : impl(std::move(impl)) {}
  std::shared_ptr<const Impl> impl;
};

} // namespace xlstm

#endif // XLSTM_SUPPORT_YAML_H
