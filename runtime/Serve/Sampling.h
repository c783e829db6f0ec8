//===- Sampling.h - how a request wants its answers written ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_SERVE_SAMPLING_H
#define RUNTIME_SERVE_SAMPLING_H

#include "runtime/Serve/Gather.h"

namespace xlstm::serve {

/// Of the likeliest tokens that may be asked for with each.
constexpr int64_t mostChances = 20;

/// What both endpoints take: sampling, stops, the number of choices and of tokens, streaming.
struct Sampling {
  WritingOptions writing;
  int choices = 1;
  bool isStream = false, countsUsage = false;
};

/// `otherwise`: tokens at most where the request does not say it. Throws ApiError.
Sampling readSampling(const Fields &fields, const Service &service, int64_t otherwise);

/// Refuses fields that neither readSampling nor the endpoint (`own`) reads.
void checkFields(const Fields &fields, std::span<const char *const> own);

/// Puts the prompts into the queue; `gather` has a listener for each. Throws ApiError for a prompt that is empty or too
/// long, and for a queue that is full.
void submit(const Exchange &exchange, const std::vector<std::shared_ptr<const Tokens>> &prompts,
            const Sampling &sampling, const std::shared_ptr<Gather> &gather, bool scoresPrompts, bool readsAnswers);

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_SAMPLING_H
