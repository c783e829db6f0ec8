//===- WeightRules.h - which weight is stored in which type -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_WEIGHTRULES_H
#define XLSTM_TRANSFORMS_WEIGHTRULES_H

#include <string>
#include <string_view>
#include <vector>

namespace xlstm {

/// The types of xlstm-quantize.
enum class WeightStorage { Stored, F32, BF16, F16, Int8, Int4, Int4M };

/// Rules `type` or `pattern=type`; the last that fits a name counts.
class WeightRules {
public:
  /// Returns what is wrong with the rule, or nothing.
  std::string add(std::string_view rule);
  /// `Stored` where no rule fits.
  WeightStorage storageOf(std::string_view name);
  /// The first pattern that fitted none of the names that were asked for, or nothing.
  std::string firstUnused() const;

private:
  struct Rule {
    std::string pattern;
    WeightStorage storage;
    bool isUsed;
  };
  std::vector<Rule> rules;
};

} // namespace xlstm

#endif // XLSTM_TRANSFORMS_WEIGHTRULES_H
