//===- RecallProbes.cpp - facts planted in a text and asked for again -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Heads.h"

#include "runtime/Eval/TextBatches.h"
#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <random>
#include <set>

namespace xlstm {

namespace {

using Tokens = std::vector<int32_t>;

/// Numbers that are the same with every standard library.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  /// 0 to count - 1.
  size_t below(size_t count) { return size_t(engine() % count); }

private:
  std::mt19937_64 engine;
};

bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

} // namespace

/// The distinct words of 3 to 16 bytes, in order.
static std::vector<std::string> wordsOf(const std::vector<std::string> &documents) {
  std::set<std::string> words;
  for (const std::string &document : documents)
    for (size_t from = 0, to = 0; from < document.size(); from = to + 1) {
      for (to = from; to < document.size() && isLetter(document[to]);)
        ++to;
      if (to - from >= 3 && to - from <= 16)
        words.insert(document.substr(from, to - from));
    }
  return {words.begin(), words.end()};
}

/// One probe: its tokens, of which the last `answer` are to be predicted.
struct Probe {
  Tokens ids;
  size_t answer;
};

static Probe makeProbe(const Vocabulary &vocabulary, const std::vector<std::string> &words, const Tokens &text,
                       size_t length, size_t window, Random &random) {
  std::string name, value;
  for (int i = 0; i < 2; ++i)
    name += (i ? " " : "\n") + words[random.below(words.size())];
  for (int i = 0; i < 3; ++i)
    value += " " + words[random.below(words.size())];
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
  std::vector<std::string> words = wordsOf(documents);
  Tokens text;
  for (const std::string &document : documents) {
    Tokens ids = vocabulary.tokenizer->encode(document, /*addSpecial=*/false);
    text.insert(text.end(), ids.begin(), ids.end());
  }
  if (words.size() < 50 || int64_t(text.size()) <= length)
    fail("recall probes: expected more than ", length, " tokens and at least 50 words of text, found ", text.size(),
         " and ", words.size());
  Random random(seed);
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
