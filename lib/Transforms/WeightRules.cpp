//===- WeightRules.cpp - which weight is stored in which type ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Transforms/WeightRules.h"

#include <fnmatch.h>

namespace xlstm {

static constexpr const char *storageNames[] = {"stored", "f32", "bf16", "f16", "int8", "int4", "int4m"};

std::string WeightRules::add(std::string_view rule) {
  size_t sign = rule.rfind('=');
  std::string pattern(sign == rule.npos ? "*" : rule.substr(0, sign)),
      name(sign == rule.npos ? rule : rule.substr(sign + 1)), known;
  for (size_t i = 0; i < std::size(storageNames); ++i) {
    if (name == storageNames[i]) {
      rules.push_back({pattern, static_cast<WeightStorage>(i), sign == rule.npos});
      return {};
    }
    known += (i ? ", " : "") + std::string(storageNames[i]);
  }
  return "expected a type of weights (" + known + "), or pattern=type, found '" + std::string(rule) + "'";
}

WeightStorage WeightRules::storageOf(std::string_view name) {
  WeightStorage storage = WeightStorage::Stored;
  for (Rule &rule : rules)
    if (fnmatch(rule.pattern.c_str(), std::string(name).c_str(), 0) == 0) {
      storage = rule.storage;
      rule.isUsed = true;
    }
  return storage;
}

std::string WeightRules::firstUnused() const {
  for (const Rule &rule : rules)
    if (!rule.isUsed)
      return rule.pattern;
  return {};
}

} // namespace xlstm
