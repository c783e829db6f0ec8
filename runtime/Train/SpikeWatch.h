//===- SpikeWatch.h - a loss far above those before it --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_SPIKEWATCH_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_SPIKEWATCH_H

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Number.h"

#include <deque>
#include <numeric>

namespace xlstm {

/// Compares each loss with the mean of the 64 before it, once there are so many.
class SpikeWatch {
public:
  static constexpr size_t length = 64;
  /// `factor` 0: nothing is a spike.
  explicit SpikeWatch(double factor) : factor(factor) {}

  /// What is wrong with a loss; empty where nothing is.
  std::string look(double loss) {
    double mean = std::accumulate(recent.begin(), recent.end(), 0.0) / double(length);
    if (factor > 0 && recent.size() == length && loss > factor * mean)
      return "loss " + shortest(loss) + " is more than " + shortest(factor) + " times " + shortest(mean) +
             ", the mean of the " + std::to_string(length) + " before";
    recent.push_back(loss);
    if (recent.size() > length)
      recent.pop_front();
    return "";
  }

  Json state() const { return factor > 0 ? Json(std::vector<double>(recent.begin(), recent.end())) : Json::array(); }
  void restore(const Json &state) { recent.assign(state.begin(), state.end()); }

private:
  double factor;
  std::deque<double> recent;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_SPIKEWATCH_H
