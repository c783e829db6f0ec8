//===- HeadRanking.cpp - which heads of a teacher must stay attention -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/HeadShares.h"
#include "xlstm/Support/Progress.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace xlstm {

std::string listOfHeads(const std::vector<KeyHead> &heads) {
  std::map<int64_t, std::vector<int64_t>> layers;
  for (const KeyHead &head : heads)
    layers[head.layer].insert(layers[head.layer].end(), head.queries.begin(), head.queries.end());
  std::string text;
  for (auto &[layer, queries] : layers) {
    std::sort(queries.begin(), queries.end());
    text += (text.empty() ? "" : ";") + std::to_string(layer);
    for (size_t i = 0; i < queries.size(); ++i)
      text += (i ? "," : ":") + std::to_string(queries[i]);
  }
  return text.empty() ? "none" : text;
}

RankingText rankingText(const std::string &name, const Vocabulary &vocabulary,
                        const std::vector<std::string> &documents, int64_t length, int64_t tokens) {
  std::vector<std::string> halves[2];
  for (size_t i = 0; i < documents.size(); ++i)
    halves[i % 2].push_back(documents[i]);
  if (documents.size() == 1) { // one long document: each half of it
    size_t middle = documents[0].size() / 2;
    while (middle < documents[0].size() && (static_cast<unsigned char>(documents[0][middle]) & 0xC0) == 0x80)
      ++middle;
    halves[0] = {documents[0].substr(0, middle)};
    halves[1] = {documents[0].substr(middle)};
  }
  return {name, packHeldOut(vocabulary, halves[0], length, tokens), packHeldOut(vocabulary, halves[1], length, tokens)};
}

namespace {

/// The gap between the teacher and a student none of whose heads is kept, as one number: 0 with all heads kept, 1 with
/// none. Linear in the nats of each text.
class Objective {
public:
  Objective(HeadShares &shares, const std::vector<RankingText> &texts, const RankingText &probes, RankBy by);

  double value(const std::vector<size_t> &kept) const;
  /// The part of the gap that each key head closes, by gradients on the path from none to all.
  std::vector<double> attribution(int64_t points) const;

private:
  struct Term {
    const PackedText *text;
    double full, weight; // weight * (nats - full) is its part of the objective
  };

  HeadShares &shares;
  std::vector<Term> terms;
};

} // namespace

static std::vector<size_t> everyHead(const HeadShares &shares) {
  std::vector<size_t> all(shares.heads().size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Objective::Objective(HeadShares &shares, const std::vector<RankingText> &texts, const RankingText &probes, RankBy by)
    : shares(shares) {
  std::vector<size_t> all = everyHead(shares);
  double gap = 0;
  for (const RankingText &text : texts) {
    double full = shares.score(text.choose, all).nats, none = shares.score(text.choose, {}).nats;
    terms.push_back({&text.choose, full, 1 / full}); // domains count by their relative excess
    gap += none / full - 1;
  }
  constexpr double least = 1e-3; // where the window loses nothing, its noise must not rule
  for (Term &term : terms)
    term.weight *= (by == RankBy::Loss ? 1 : by == RankBy::Both ? 0.5 : 0) / std::max(gap, least);
  double full = shares.score(probes.choose, all).nats, none = shares.score(probes.choose, {}).nats;
  double share = by == RankBy::Recall ? 1 : by == RankBy::Both ? 0.5 : 0;
  terms.push_back({&probes.choose, full, share / std::max(none - full, least)});
  std::erase_if(terms, [](const Term &term) { return term.weight == 0; });
}

double Objective::value(const std::vector<size_t> &kept) const {
  double sum = 0;
  for (const Term &term : terms)
    sum += term.weight * (shares.score(*term.text, kept).nats - term.full);
  return sum;
}

std::vector<double> Objective::attribution(int64_t points) const {
  std::vector<double> sum(shares.heads().size(), 0);
  Progress progress("one pass", points * int64_t(terms.size()));
  for (int64_t i = 0; i < points; ++i)
    for (const Term &term : terms) {
      std::vector<double> gains = shares.gains(*term.text, (double(i) + 0.5) / double(points));
      for (size_t head = 0; head < sum.size(); ++head)
        sum[head] += term.weight * gains[head] / double(points);
      progress.advance();
    }
  return sum;
}

static std::vector<size_t> byScore(const std::vector<double> &scores) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  return order;
}

/// The order in which to keep the first `candidates` of `order`: last is what is missed least where all of them are
/// kept, and so on; the others follow as they were.
static std::vector<size_t> eliminate(const Objective &objective, std::vector<size_t> order, size_t candidates) {
  std::vector<size_t> kept(order.begin(), order.begin() + long(candidates));
  Progress progress("choosing", int64_t(candidates * (candidates + 1) / 2) - 1); // the last one is tried against none
  for (size_t left = candidates; left > 1; --left) {
    size_t least = 0;
    double best = 0;
    for (size_t i = 0; i < left; ++i) {
      std::vector<size_t> without = kept;
      without.erase(without.begin() + long(i));
      double value = objective.value(without);
      if (i == 0 || value < best)
        best = value, least = i;
      progress.advance();
    }
    order[left - 1] = kept[least];
    kept.erase(kept.begin() + long(least));
  }
  if (!kept.empty())
    order[0] = kept[0];
  return order;
}

/// The heads `kept` (indices of heads()), as the option keep-heads takes them.
static std::string listOf(const HeadShares &shares, const std::vector<size_t> &kept) {
  std::vector<KeyHead> heads;
  for (size_t head : kept)
    heads.push_back(shares.heads()[head]);
  return listOfHeads(heads);
}

/// What the first `count` heads of `order` keep, on the rows that did not choose.
static Json curvePoint(HeadShares &shares, const std::vector<size_t> &order, size_t count,
                       const std::vector<RankingText> &texts, const RankingText &probes) {
  std::vector<size_t> kept(order.begin(), order.begin() + long(count));
  Json point{{"key_heads", count}, {"keep", listOf(shares, kept)}};
  for (const RankingText &text : texts)
    point["bits_per_byte"][text.name] =
        bitsPerByte(shares.score(text.report, kept).nats * double(text.report.tokens), text.report.bytes);
  RowScore recall = shares.score(probes.report, kept);
  point["recall"] = recall.whole;
  point["recall_nats"] = recall.nats;
  return point;
}

/// Recall of the probes with the heads `kept`.
static Json recallOf(HeadShares &shares, const PackedText &probes, const std::vector<size_t> &kept) {
  RowScore score = shares.score(probes, kept);
  return {{"exact", score.whole}, {"nats", score.nats}};
}

/// Numbers of heads at which the curve is measured: few, more of them where little is kept.
static std::vector<size_t> curveCounts(size_t ranked, size_t all) {
  std::vector<size_t> counts;
  for (size_t count = 0; count <= ranked && count < all; count += count < 8 ? 1 : count < 16 ? 2 : count / 4)
    counts.push_back(count);
  counts.push_back(all);
  return counts;
}

Json rankHeads(const Program &program, const ParamMap &params, int64_t queriesOfKey,
               const std::vector<RankingText> &texts, const RankingText &probes, const RankingSettings &settings,
               const std::vector<PackedText> &further) {
  HeadShares shares(program, params, queriesOfKey);
  size_t all = shares.heads().size(), budget = std::min(size_t(settings.budget), all);
  Objective objective(shares, texts, probes, settings.by);
  std::vector<double> scores = objective.attribution(settings.points);
  std::vector<size_t> onePass = byScore(scores), order = onePass;
  size_t candidates = settings.candidates ? size_t(settings.candidates) : 2 * budget + 8;
  candidates = std::clamp(candidates, budget, all);
  if (settings.method == RankMethod::Greedy)
    order = eliminate(objective, onePass, candidates);

  Json ranking{{"key_heads", all}, {"budget", budget}, {"candidates", candidates}};
  for (size_t head : onePass)
    ranking["one_pass"].push_back(
        {{"layer", shares.heads()[head].layer}, {"key_head", shares.heads()[head].head}, {"score", scores[head]}});
  for (size_t i = 0; i < candidates; ++i)
    ranking["order"].push_back(
        {{"layer", shares.heads()[order[i]].layer}, {"key_head", shares.heads()[order[i]].head}});
  size_t common = 0;
  for (size_t i = 0; i < budget; ++i)
    common += std::find(order.begin(), order.begin() + long(budget), onePass[i]) != order.begin() + long(budget);
  ranking["agreement"] = {{"both_choose", common}};
  std::vector<size_t> counts = curveCounts(candidates, all);
  if (budget < all && std::find(counts.begin(), counts.end(), budget) == counts.end())
    counts.insert(std::upper_bound(counts.begin(), counts.end(), budget), budget);
  Progress progress("curve", int64_t(counts.size()) + 1);
  for (size_t count : counts) {
    ranking["curve"].push_back(curvePoint(shares, order, count, texts, probes));
    progress.advance();
  }
  ranking["agreement"]["one_pass"] = curvePoint(shares, onePass, budget, texts, probes);
  progress.advance();
  std::vector<size_t> chosen(order.begin(), order.begin() + long(budget));
  for (const PackedText &rows : further)
    ranking["recall_at"].push_back({{"length", rows.ids_RT.size(1)},
                                    {"none", recallOf(shares, rows, {})},
                                    {"kept", recallOf(shares, rows, chosen)},
                                    {"all", recallOf(shares, rows, everyHead(shares))}});
  ranking["keep"] = listOf(shares, chosen);
  return ranking;
}

} // namespace xlstm
