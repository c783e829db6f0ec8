//===- HeadSettings.cpp - how heads are chosen, in words --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Heads.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <cmath>
#include <cstdlib>

namespace xlstm {

HeadBudget HeadBudget::parse(const std::string &text) {
  HeadBudget budget;
  char *end = nullptr;
  budget.amount = std::strtod(text.c_str(), &end);
  budget.unit = end;
  bool isUnit = budget.unit.empty() || budget.unit == "%" || budget.unit == "B";
  bool isCount = budget.unit == "%" || budget.amount == std::floor(budget.amount);
  if (end == text.c_str() || !isUnit || !isCount || !(budget.amount > 0) ||
      budget.amount > (budget.unit == "%" ? 100 : 1e9))
    fail("budget: expected key heads such as 4, a share of them such as 3%, or bytes a token such as 2048B, found ",
         quote(text));
  return budget;
}

int64_t HeadBudget::keyHeads(int64_t all, int64_t headSize) const {
  double count = unit == "%" ? std::round(amount / 100 * double(all)) : amount;
  if (unit == "B") // key and value in bf16
    count = std::floor(amount / double(4 * headSize));
  if (count < 1)
    fail("budget: ", amount, unit, " keeps no key head: there are ", all, " of ", 4 * headSize, " bytes a token");
  return std::min(all, int64_t(count));
}

const std::map<std::string, RankBy> &rankByNames() {
  static const std::map<std::string, RankBy> names{
      {"loss", RankBy::Loss}, {"recall", RankBy::Recall}, {"both", RankBy::Both}};
  return names;
}

const std::map<std::string, RankMethod> &rankMethodNames() {
  static const std::map<std::string, RankMethod> names{{"greedy", RankMethod::Greedy},
                                                       {"gradient", RankMethod::Gradient}};
  return names;
}

} // namespace xlstm
