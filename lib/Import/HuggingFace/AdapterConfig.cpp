//===- AdapterConfig.cpp - adapter_config.json of peft --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/AdapterConfig.h"

#include "lib/Import/HuggingFace/JsonFields.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>

namespace xlstm {
namespace {

// Keys that name what the tensors show, or that matter to training alone.
const std::set<std::string> harmlessKeys = {
    "auto_mapping",    "base_model_name_or_path", "bias",           "corda_config",   "ensure_weight_tying",
    "eva_config",      "exclude_modules",         "fan_in_fan_out", "inference_mode", "init_lora_weights",
    "layers_pattern",  "layers_to_transform",     "loftq_config",   "lora_bias",      "lora_ga_config",
    "megatron_config", "modules_to_save",         "target_modules", "alpha_pattern",  "rank_pattern",
    "use_rslora"};

/// A switch, a list or an object that is set; numbers and names say nothing by themselves.
bool isAsked(const Json &value) {
  return value.is_boolean() ? value.get<bool>() : (value.is_array() || value.is_object()) && !value.empty();
}

void refuseUnreadKeys(const JsonFields &fields, const Json &json) {
  if (fields.text("peft_type").value_or("") != "LORA")
    fields.fail("peft_type", "'LORA', for other adapters are not merged");
  if (fields.flag("use_dora").value_or(false))
    fields.fail("use_dora", "false: DoRA is not merged; merge it with peft (merge_and_unload) and import the result");
  for (const auto &[key, value] : json.items())
    if (!harmlessKeys.contains(key) && isAsked(value))
      fields.fail(key, "none: what it asks for is not followed");
  const Json *start = fields.find("init_lora_weights");
  bool isPlain = !start || start->is_boolean() || *start == "gaussian" || *start == "eva" || *start == "orthogonal";
  if (!isPlain)
    fields.fail("init_lora_weights", "true, false, 'gaussian', 'eva' or 'orthogonal': others change the base first; "
                                     "merge it with peft (merge_and_unload) and import the result");
}

template <typename T, typename Read>
std::map<std::string, T> readPatterns(const JsonFields &fields, const std::string &key, const Read &read) {
  std::map<std::string, T> patterns;
  std::optional<JsonFields> group = fields.child(key);
  if (group)
    for (const auto &[pattern, value] : fields.find(key)->items())
      patterns[pattern] = read(*group, pattern);
  return patterns;
}

/// Whether an expression is the end of a module's name, as peft's get_pattern_key reads it. In polynomial time.
bool isEnd(const std::string &module, const std::string &expression, const std::string &place) {
  try {
    auto options = std::regex::ECMAScript | std::regex_constants::__polynomial;
    return std::regex_match(module, std::regex("(.*\\.)?(" + expression + ")", options));
  } catch (const std::regex_error &error) {
    fail(place, ": expected a regular expression, found ", quote(expression), " (", error.what(), ")");
  }
}

/// What the patterns say of a module; nothing where none matches.
template <typename T>
std::optional<T> findPattern(const std::map<std::string, T> &patterns, const std::string &module,
                             const std::string &place) {
  std::optional<T> found;
  for (const auto &[pattern, value] : patterns) {
    if (!isEnd(module, pattern, place))
      continue;
    if (found && *found != value)
      fail(place, ": expected one value for ", quote(module), ", found ", *found, " and ", value);
    found = value;
  }
  return found;
}

} // namespace

double AdapterConfig::scaleOf(const std::string &module, int64_t rows) const {
  double numerator = findPattern(alphas, module, file + ": 'alpha_pattern'").value_or(alpha);
  int64_t expected = findPattern(ranks, module, file + ": 'rank_pattern'").value_or(rank);
  if (rows != expected)
    fail(file, ": expected rank ", expected, " of ", quote(module), ", found ", rows, " rows of lora_A");
  auto size = static_cast<double>(rows);
  return numerator / (isRankStabilised ? std::sqrt(size) : size);
}

bool isAdapter(const std::filesystem::path &folder) {
  std::error_code error;
  return std::filesystem::exists(folder / "adapter_config.json", error);
}

AdapterConfig readAdapterConfig(const std::filesystem::path &file) {
  Json json = readJsonFile(file);
  JsonFields fields(json, file.string());
  refuseUnreadKeys(fields, json);
  AdapterConfig config;
  config.file = file.string();
  config.rank = fields.size("r");
  config.alpha = fields.requiredPositive("lora_alpha");
  config.isRankStabilised = fields.flag("use_rslora").value_or(false);
  config.alphas = readPatterns<double>(
      fields, "alpha_pattern", [](const JsonFields &group, const auto &key) { return group.requiredPositive(key); });
  config.ranks = readPatterns<int64_t>(fields, "rank_pattern",
                                       [](const JsonFields &group, const auto &key) { return group.size(key); });
  if (fields.flag("fan_in_fan_out").value_or(false))
    config.warnings.push_back(fields.place("fan_in_fan_out") +
                              ": true is for weights [in, out]; those of the base are [out, in] and merged as such, as "
                              "peft does");
  return config;
}

} // namespace xlstm
