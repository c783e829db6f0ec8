//===- Yaml.cpp - strict reading of YAML settings -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Support/Yaml.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Nearest.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Quote.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

namespace xlstm {

struct YamlNode::Impl {
  YAML::Node node;
  std::string file, name; // name: the path of keys, such as align.steps
};

static constexpr size_t LargestFile = 1 << 20;

static std::string describe(const YAML::Node &node) {
  if (node.IsMap())
    return "a map";
  if (node.IsSequence())
    return "a list";
  return node.IsNull() ? "nothing" : quote(node.Scalar());
}

/// A message may repeat words of the file.
static std::string oneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, '?');
  return text;
}

/// Nesting costs the parser stack, so what no settings file has is refused before it: brackets, or a line that begins
/// with more spaces, dashes and question marks (the block forms) than `depth` levels need.
static bool nestsDeeper(const std::string &text, int64_t depth) {
  int64_t open = 0, indent = 0;
  bool atStart = true;
  for (char c : text) {
    open += (c == '[' || c == '{') - (c == ']' || c == '}');
    atStart = c == '\n' || (atStart && std::string_view(" -?").find(c) != std::string_view::npos);
    indent = c == '\n' ? 0 : indent + atStart;
    if (open > depth || indent > 4 * depth)
      return true;
  }
  return false;
}

static std::string readFile(const std::filesystem::path &file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    fail(file.string(), ": expected a YAML file, found ",
         std::filesystem::exists(file, error) ? "no regular file" : "nothing");
  if (std::filesystem::file_size(file, error) > LargestFile)
    fail(file.string(), ": expected a YAML file of at most ", LargestFile, " bytes, found more");
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof())
    fail(file.string(), ": cannot be read");
  if (nestsDeeper(text, 64))
    fail(file.string(), ": expected at most 64 nested lists and maps, found more");
  return text;
}

YamlNode YamlNode::load(const std::filesystem::path &file) {
  auto impl = std::make_shared<Impl>();
  impl->file = file.string();
  std::string text = readFile(file);
  try {
    impl->node = YAML::Load(text);
  } catch (const YAML::Exception &error) {
    xlstm::fail(file.string(), ":", error.mark.line + 1, ": ", oneLine(error.msg));
  }
  YamlNode root(impl);
  if (!impl->node.IsMap())
    root.fail("expected a map of settings, found " + describe(impl->node));
  return root;
}

void YamlNode::fail(const std::string &text) const {
  std::string place = impl->name.empty() ? "" : quote(impl->name) + ": ";
  xlstm::fail(impl->file, ":", impl->node.Mark().line + 1, ": ", place, oneLine(text));
}

std::vector<std::pair<std::string, YamlNode>> YamlNode::entries() const {
  if (!impl->node.IsMap())
    fail("expected a map, found " + describe(impl->node));
  std::vector<std::pair<std::string, YamlNode>> result;
  std::set<std::string> seen;
  for (const auto &entry : impl->node) {
    if (!entry.first.IsScalar())
      fail("expected keys that are words, found " + describe(entry.first));
    std::string key = entry.first.Scalar(), path = impl->name.empty() ? key : impl->name + "." + key;
    YamlNode value(std::make_shared<Impl>(Impl{entry.second, impl->file, path}));
    if (!seen.insert(key).second)
      value.fail("expected the key once, found it again");
    result.emplace_back(key, value);
  }
  return result;
}

const YamlNode &YamlNode::onlyKeys(const std::vector<std::string> &keys) const {
  for (const auto &[key, value] : entries()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      continue;
    std::string known;
    for (const std::string &name : keys)
      known += (known.empty() ? "" : ", ") + name;
    value.fail("unknown key; expected one of " + known + didYouMean(key, keys));
  }
  return *this;
}

std::optional<YamlNode> YamlNode::find(const std::string &wanted) const {
  for (auto &[key, value] : entries())
    if (key == wanted)
      return value;
  return std::nullopt;
}

YamlNode YamlNode::at(const std::string &key) const {
  std::vector<std::string> others;
  for (auto &[name, value] : entries()) {
    if (name == key)
      return value;
    others.push_back(name);
  }
  std::string near = nearest(key, others);
  fail("expected the key '" + key + "', found " + (near.empty() ? "none" : quote(near)));
}

std::vector<YamlNode> YamlNode::items() const {
  if (!impl->node.IsSequence())
    fail("expected a list, found " + describe(impl->node));
  std::vector<YamlNode> result;
  for (size_t i = 0; i < impl->node.size(); ++i)
    result.push_back(
        YamlNode(std::make_shared<Impl>(Impl{impl->node[i], impl->file, impl->name + "[" + std::to_string(i) + "]"})));
  return result;
}

static std::string textOf(const YAML::Node &node) {
  YAML::Emitter out;
  out << YAML::Flow << node;
  return out.c_str();
}

std::string YamlNode::text() const { return textOf(impl->node); }

std::string YamlNode::textWithout(const std::vector<std::string> &keys, bool ofValues) const {
  YAML::Node rest = YAML::Clone(impl->node);
  for (const std::string &key : keys) {
    if (!ofValues && rest.IsMap())
      rest.remove(key);
    if (ofValues && rest.IsMap())
      for (auto entry : rest)
        if (entry.second.IsMap())
          entry.second.remove(key);
  }
  return textOf(rest);
}

bool YamlNode::isScalar() const { return impl->node.IsScalar(); }
bool YamlNode::isList() const { return impl->node.IsSequence(); }

std::string YamlNode::asString() const {
  if (!impl->node.IsScalar())
    fail("expected a word, found " + describe(impl->node));
  return impl->node.Scalar();
}

bool YamlNode::asBool() const {
  std::string text = asString();
  if (text != "true" && text != "false")
    fail("expected true or false, found " + quote(text));
  return text == "true";
}

int64_t YamlNode::asInt(int64_t least, int64_t most) const {
  std::string text = asString();
  std::optional<int64_t> value = toNumber<int64_t>(text);
  if (!value || *value < least || *value > most)
    fail("expected a whole number of at least " + std::to_string(least) +
         (most == std::numeric_limits<int64_t>::max() ? "" : " and at most " + std::to_string(most)) + ", found " +
         quote(text));
  return *value;
}

double YamlNode::asDouble(double least, double most) const {
  std::string text = asString();
  std::optional<double> value = toNumber<double>(text);
  if (!value || !std::isfinite(*value) || *value < least || *value > most) {
    std::ostringstream wanted;
    wanted << "expected a number of at least " << least;
    if (most != std::numeric_limits<double>::max())
      wanted << " and at most " << most;
    fail(wanted.str() + ", found " + quote(text));
  }
  return *value;
}

void YamlNode::read(const std::string &key, std::string &value) const {
  if (auto node = find(key))
    value = node->asString();
}
void YamlNode::read(const std::string &key, bool &value) const {
  if (auto node = find(key))
    value = node->asBool();
}
void YamlNode::read(const std::string &key, int64_t &value, int64_t least) const {
  if (auto node = find(key))
    value = node->asInt(least);
}
void YamlNode::read(const std::string &key, double &value, double least) const {
  if (auto node = find(key))
    value = node->asDouble(least);
}

} // namespace xlstm
