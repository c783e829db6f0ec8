//===- TuneWeights.h - a search for a merge's lambda ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_MERGE_TUNEWEIGHTS_H
#define XLSTM_RUNTIME_MERGE_TUNEWEIGHTS_H

#include "xlstm/Runtime/Merge/MergeConfig.h"

#include <functional>

namespace xlstm {

/// What is searched: the models' shares of a linear merge (a number each, sum 1), else one number, `lambda` from 0 to 2
/// or SLERP's `t` from 0 to 1.
struct TunePoint {
  std::vector<double> values;
  double cost = 0; // less is better
};

struct TuneCurve {
  std::string parameter;         // "weight", "lambda", "t"
  std::vector<TunePoint> points; // in the order in which they were tried; the first is where the file stood
  size_t best = 0;               // the first of equals
};

/// Tries the neighbours of the best point, by steps of 0.2, then 0.1 and 0.05, until none is better or `trials` points
/// were tried. No point is tried twice. Throws Error where the file says more than one number for what is searched, by
/// layers or filters.
TuneCurve tuneMerge(const MergeConfig &config, int64_t trials, const std::function<double(const MergeConfig &)> &cost);

/// `config` with the values of a point.
MergeConfig withValues(const MergeConfig &config, const std::string &parameter, const std::vector<double> &values);

} // namespace xlstm

#endif // XLSTM_RUNTIME_MERGE_TUNEWEIGHTS_H
