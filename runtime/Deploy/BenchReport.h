//===- BenchReport.h - what the verb bench has measured -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_BENCHREPORT_H
#define RUNTIME_DEPLOY_BENCHREPORT_H

#include "runtime/Deploy/Backend.h"
#include "runtime/Deploy/Model.h"

namespace xlstm {

/// A prompt is read, tokens are written one by one, or both, after `depth` tokens of the same text.
struct BenchTest {
  int64_t prompt, generated, depth;
  bool sampled = false; // each token is drawn from the logits, as when a text is written
  int64_t texts = 1;    // that are written together

  std::string name() const;
  /// Calls that bring logits: one for a prompt, one a written token.
  int64_t steps() const { return (prompt ? 1 : 0) + generated; }
};

struct BenchResult {
  BenchTest test;
  std::vector<double> seconds; // one value a repetition
};

struct BenchReport {
  CarriedModel model;
  ModelNumbers numbers;
  std::string backend;
  int threads; // 0: the backend has none to choose
  std::optional<DeviceLimits> limits;
  std::vector<BenchResult> results;
};

/// Markdown, and a list of objects whose names are llama-bench's where it has them. The state's size is what it is
/// whatever a text's length, and bytes of each token in the caches of full attention; state_size is both, of a whole
/// context. A device's have more columns: texts in lockstep (tokens/s are of all together), milliseconds a step, and
/// the share of the limits where they were measured.
std::string formatTable(const BenchReport &report);
std::string formatJson(const BenchReport &report);

} // namespace xlstm

#endif // RUNTIME_DEPLOY_BENCHREPORT_H
