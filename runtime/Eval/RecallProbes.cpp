//===- RecallProbes.cpp - facts planted in a text and asked for again -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Heads.h"

#include "runtime/Eval/TextBatches.h"
#include "xlstm/Runtime/Data/PlantFacts.h"
#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <set>

namespace xlstm {

namespace {

using Tokens = std::vector<int32_t>;

/// One probe: its tokens, of which the last `answer` are to be predicted.
struct Probe {
  Tokens ids;
  size_t answer;
};

} // namespace

static Probe makeProbe(const Vocabulary &vocabulary, const std::vector<std::string> &words, const Tokens &text,
                       size_t length, size_t window, DrawnNumbers &random) {
  std::string name = "\n" + drawWords(words, 2, " ", random), value = " " + drawWords(words, 3, " ", random);
  auto encode = [&](const std::string &part) { return vocabulary.tokenizer->encode(part, /*addSpecial=*/false); };
  std::span<const int32_t> before = vocabulary.tokenizer->before();
  Tokens start = before.empty() ? vocabulary.context() : Tokens(before.begin(), before.end());
  Tokens asked = encode(name + ":"), answer = encode(value), end = encode("\n");
  size_t planted = asked.size() + answer.size() + end.size(),
         around = planted + asked.size() + answer.size() + start.size();
  if (length < around + window + 1)
    fail("recall probes: rows of ", length, " tokens are too short for a window of ", window, ", expected at least ",
         around + window + 1);
  size_t filler = length - around, place = random.below(filler - window); // what lies between is at least the window
  size_t from = random.below(text.size() - filler);
  Probe probe{start, answer.size()};
  auto append = [&](auto begin, auto last) { probe.ids.insert(probe.ids.end(), begin, last); };
  append(text.begin() + from, text.begin() + from + place);
  for (const Tokens *part : {&asked, &answer, &end})
    append(part->begin(), part->end());
  append(text.begin() + from + place, text.begin() + from + filler);
  append(asked.begin(), asked.end());
  append(answer.begin(), answer.end());
  return probe;
}

PackedText makeRecallProbes(const Vocabulary &vocabulary, const std::vector<std::string> &documents, int64_t count,
                            int64_t length, int64_t window, uint64_t seed) {
  std::set<std::string> distinct;
  Tokens text;
  for (const std::string &document : documents) {
    addWords(document, distinct);
    Tokens ids = vocabulary.tokenizer->encode(document, /*addSpecial=*/false);
    text.insert(text.end(), ids.begin(), ids.end());
  }
  std::vector<std::string> words(distinct.begin(), distinct.end());
  if (words.size() < 50 || int64_t(text.size()) <= length)
    fail("recall probes: expected more than ", length, " tokens and at least 50 words of text, found ", text.size(),
         " and ", words.size());
  DrawnNumbers random(seed);
  PackedText packed;
  packed.ids_RT = at::zeros({count, length}, at::kLong);
  packed.docs_RT = at::zeros({count, length}, at::kInt);
  packed.labels_RT = at::full({count, length}, -1, at::kLong);
  for (int64_t row = 0; row < count; ++row) {
    Probe probe = makeProbe(vocabulary, words, text, size_t(length), size_t(window), random);
    int64_t *ids = packed.ids_RT.data_ptr<int64_t>() + row * length;
    int64_t *labels = packed.labels_RT.data_ptr<int64_t>() + row * length;
    std::copy(probe.ids.begin(), probe.ids.end(), ids);
    for (size_t i = probe.ids.size() - probe.answer; i < probe.ids.size(); ++i)
      labels[i - 1] = probe.ids[i];
    packed.tokens += int64_t(probe.answer);
  }
  return packed;
}

RowScore scoreRows(const Program &program, const ParamMap &params, const PackedText &rows) {
  TextScore score = scoreText(program, params, rows);
  return {score.nats / double(std::max<int64_t>(rows.tokens, 1)),
          double(score.exactRows) / double(std::max<int64_t>(rows.ids_RT.size(0), 1))};
}

} // namespace xlstm
