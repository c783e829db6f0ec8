//===- Answer.cpp - one text that a model writes --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Answer.h"

#include <algorithm>
#include <cmath>

namespace xlstm::serve {

TokenChances chancesOf(std::span<const float> logits, int32_t id, int count) {
  const double top = *std::ranges::max_element(logits);
  double total = 0;
  for (float logit : logits)
    total += std::exp(static_cast<double>(logit) - top);
  const double all = top + std::log(total);
  auto chance = [&](int32_t token) {
    return Chance{token, static_cast<double>(logits[static_cast<size_t>(token)]) - all};
  };
  TokenChances result{chance(id), {}};
  std::vector<int32_t> ids(logits.size());
  for (size_t n = 0; n < ids.size(); ++n)
    ids[n] = static_cast<int32_t>(n);
  auto first = ids.begin() + std::min<int64_t>(std::max(count, 0), static_cast<int64_t>(ids.size()));
  std::partial_sort(ids.begin(), first, ids.end(), [&](int32_t a, int32_t b) {
    const float x = logits[static_cast<size_t>(a)], y = logits[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  });
  for (auto token = ids.begin(); token != first; ++token)
    result.top.push_back(chance(*token));
  return result;
}

std::string StopFinder::next(std::string_view piece) {
  if (stopped)
    return {};
  kept += piece;
  size_t at = kept.npos;
  for (const std::string &stop : stops)
    at = std::min(at, kept.find(stop));
  if (at != kept.npos) {
    stopped = true;
    kept.resize(at);
    return std::exchange(kept, {});
  }
  size_t begun = 0; // the longest end that begins a stop
  for (const std::string &stop : stops)
    for (size_t length = std::min(stop.size() - 1, kept.size()); length > begun; --length)
      if (std::string_view(kept).ends_with(std::string_view(stop).substr(0, length))) {
        begun = length;
        break;
      }
  std::string shown = kept.substr(0, kept.size() - begun);
  kept.erase(0, shown.size());
  return shown;
}

static SamplerOptions samplerOf(const WritingOptions &options, int choice) {
  SamplerOptions sampler = options.sampler;
  sampler.seed += static_cast<uint64_t>(choice);
  return sampler;
}

Answer::Answer(const WritingOptions &options, int choice, const Tokenizer *tokenizer, std::span<const int32_t> ends)
    : options(options), ends(ends), sampler(samplerOf(options, choice)), finder(options.stops) {
  if (tokenizer)
    decoder.emplace(*tokenizer, /*skipSpecial=*/true);
}

std::span<const float> Answer::adjust(std::span<const float> logits) {
  if (options.bias.empty() && seen.empty())
    return logits;
  adjusted.assign(logits.begin(), logits.end());
  for (const auto &[id, value] : options.bias)
    adjusted[static_cast<size_t>(id)] += value;
  for (const auto &[id, times] : seen)
    adjusted[static_cast<size_t>(id)] -=
        static_cast<float>(options.presence + options.frequency * static_cast<double>(times));
  return adjusted;
}

bool Answer::fits(int32_t id) const {
  const std::string &bytes = (*options.json)[static_cast<size_t>(id)];
  JsonText after = json;
  return !bytes.empty() && !std::ranges::count(ends, id) && after.take(bytes);
}

/// A token that may not follow is drawn again among those that may, which gives each of these its share of their sum.
int32_t Answer::draw(std::span<const float> logits) {
  const int32_t id = sampler.sample(logits);
  if (!options.json || fits(id))
    return id;
  std::vector<float> allowed(logits.begin(), logits.end());
  for (size_t n = 0; n < allowed.size(); ++n)
    if (!fits(static_cast<int32_t>(n)))
      allowed[n] = -INFINITY;
  return sampler.sample(allowed);
}

Answer::Step Answer::next(std::span<const float> logits) {
  Step step;
  step.id = draw(adjust(logits));
  if (options.json)
    json.take((*options.json)[static_cast<size_t>(step.id)]);
  if (!options.ignoresEnd && std::ranges::count(ends, step.id)) {
    step.isToken = false;
    step.finish = Finish::Stop;
  } else {
    ++count;
    if (options.presence != 0 || options.frequency != 0)
      ++seen[step.id];
    if (options.chances >= 0)
      step.chances = chancesOf(logits, step.id, options.chances);
    if (decoder)
      step.text = finder.next(decoder->next(step.id));
    if (finder.isStopped() || json.isComplete())
      step.finish = Finish::Stop;
    else if (count >= options.most)
      step.finish = Finish::Length;
  }
  if (step.finish && decoder) {
    step.text += finder.next(decoder->finish());
    step.text += finder.finish();
    if (finder.isStopped())
      step.finish = Finish::Stop;
  }
  return step;
}

} // namespace xlstm::serve
