//===- PlantFacts.h - text in which facts are told and asked for again ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_PLANTFACTS_H
#define XLSTM_RUNTIME_DATA_PLANTFACTS_H

#include "xlstm/Runtime/Files/Documents.h"

#include <cstdint>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace xlstm {

/// Numbers that are the same with every standard library.
class DrawnNumbers {
public:
  explicit DrawnNumbers(uint64_t seed) : engine(seed) {}
  /// 0 to count - 1.
  size_t below(size_t count) { return size_t(engine() % count); }

private:
  std::mt19937_64 engine;
};

/// `count` of the words with `between` them.
std::string drawWords(const std::vector<std::string> &words, size_t count, std::string_view between,
                      DrawnNumbers &draw);

/// Adds the distinct words of 3 to 16 bytes.
void addWords(const std::string &text, std::set<std::string> &words);

struct FactOptions {
  int64_t documents = 1000; // as many of every file, but for the remainder
  int64_t bytes = 12000;    // of text in a document, the facts not counted
  int64_t facts = 8;        // of a document
  uint64_t seed = 1;
};

/// Pieces of the corpora `files`, in each of which facts are told, in lines of their own, and said again a quarter of
/// the piece later at least: training text from which a student can learn to look back. Names and values are drawn from
/// the words of the text. Of every file it is held in memory what is drawn of it. Throws Error: no text as long as a
/// piece, fewer than 50 words, a conversation, what forEachDocument throws.
std::vector<std::string> plantFacts(const std::vector<CorpusFiles> &files, const FactOptions &options);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_PLANTFACTS_H
