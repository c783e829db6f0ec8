//===- Heads.h - which heads of a teacher must stay attention -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A head that becomes a mixer sees a window and sinks exactly and the rest through a memory. What a head is worth
// beyond window and sinks is measured on a module in which every head has a share of full attention
// (xlstm-share-heads): 1 is the teacher's head, 0 one that sees the window alone. Heads are chosen by key head, since
// that is what a cache pays.

#ifndef XLSTM_RUNTIME_EVAL_HEADS_H
#define XLSTM_RUNTIME_EVAL_HEADS_H

#include "xlstm/Runtime/Eval/BitsPerByte.h"
#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// One key head; `queries` are the query heads that read it.
struct KeyHead {
  int64_t layer, head;
  std::vector<int64_t> queries;
};

/// "5:2,3;7:0", as the option keep-heads takes it; "none" for none.
std::string listOfHeads(const std::vector<KeyHead> &heads);

/// Text to rank by; half of its rows choose, the others report.
struct RankingText {
  std::string name;
  PackedText choose, report;
};

/// Packs the documents, every second one for the report, `tokens` each.
RankingText rankingText(const std::string &name, const Vocabulary &vocabulary,
                        const std::vector<std::string> &documents, int64_t length, int64_t tokens);

/// Rows of `length` tokens out of the documents, in which two words are given three others ("amber river: stone cloud
/// seven") more than `window` tokens before the row's end, where the two are asked for again. All words are the
/// documents' own, so any teacher that copies can do it, whatever its language. The answer's tokens are the labelled
/// ones. Throws Error when the documents are too short or have too few words.
PackedText makeRecallProbes(const Vocabulary &vocabulary, const std::vector<std::string> &documents, int64_t count,
                            int64_t length, int64_t window, uint64_t seed);

/// How the labelled tokens of rows are predicted by function `model`.
struct RowScore {
  double nats = 0;  // mean over these tokens
  double whole = 0; // share of rows whose labelled tokens are all the most likely ones
};
RowScore scoreRows(const Program &program, const ParamMap &params, const PackedText &rows);

enum class RankBy { Loss, Recall, Both };
enum class RankMethod { Greedy, Gradient };

struct RankingSettings {
  RankBy by = RankBy::Both;
  RankMethod method = RankMethod::Greedy;
  int64_t budget = 1;     // key heads to keep at most
  int64_t candidates = 0; // how many of the best by gradient the greedy choice starts with; 0: twice the budget and 8
  int64_t points = 4;     // points of the path from 0 to 1 on which the gradient is taken
};

/// Ranks the key heads of `program`, whose function `model` xlstm-share-heads made; `queriesOfKey` query heads read
/// one. The gradient of the objective to the shares, averaged over a path from none kept to all kept, gives every head
/// its part of the whole gap in a few backward passes. Of the best by this, greedily, the one whose loss costs least is
/// left out, again and again: heads that work together stay together, where adding one after another would see no use
/// in the first of them. `further` are probes of other lengths, on which recall with none, the chosen and all heads is
/// reported. Returns heads.json (docs/Heads.md). Throws Error.
Json rankHeads(const Program &program, const ParamMap &params, int64_t queriesOfKey,
               const std::vector<RankingText> &texts, const RankingText &probes, const RankingSettings &settings,
               const std::vector<PackedText> &further = {});

/// heads.json as a page: quality against heads kept.
std::string renderHeads(const Json &ranking);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_HEADS_H
