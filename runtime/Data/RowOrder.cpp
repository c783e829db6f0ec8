//===- RowOrder.cpp - which rows a training step takes --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/RowOrder.h"

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Support/Error.h"

#include <cmath>
#include <numeric>

namespace xlstm {
namespace {

/// The rows of one domain, shuffled anew for every pass over them.
class DomainOrder {
public:
  DomainOrder(int64_t first, int64_t count, uint64_t seed, int64_t block)
      : order(size_t(count)), state(seed), block(size_t(block)) {
    std::iota(order.begin(), order.end(), first);
  }

  int64_t next() {
    size_t place = size_t(taken++) % order.size();
    if (place % block == 0)
      shuffle(std::span(order).subspan(place, std::min(block, order.size() - place)), state);
    return order[place];
  }

  int64_t taken = 0;

private:
  std::vector<int64_t> order;
  uint64_t state;
  size_t block;
};

} // namespace

std::vector<int64_t> rowOrder(const std::vector<int64_t> &counts, const std::vector<double> &weights, uint64_t seed,
                              int64_t total, int64_t block) {
  std::vector<DomainOrder> domains;
  int64_t first = 0;
  for (size_t d = 0; d < counts.size(); ++d) {
    uint64_t state = seed + 0x632be59bd9b4e019 * (d + 1);
    domains.emplace_back(first, counts[d], splitmix64(state), block);
    first += counts[d];
  }
  std::vector<int64_t> result;
  result.reserve(total);
  while (int64_t(result.size()) < total) { // the domain furthest behind its share comes next
    size_t best = 0;
    double most = -INFINITY;
    for (size_t d = 0; d < domains.size(); ++d) {
      double behind = double(result.size() + 1) * weights[d] - double(domains[d].taken);
      if (weights[d] > 0 && behind > most) {
        most = behind;
        best = d;
      }
    }
    result.push_back(domains[best].next());
  }
  return result;
}

MixedRows mixRows(const std::vector<TokenRows> &domains, std::vector<double> weights) {
  MixedRows mixed;
  for (const TokenRows &domain : domains)
    mixed.counts.push_back(domain.size());
  if (weights.empty())
    weights.assign(mixed.counts.begin(), mixed.counts.end());
  if (domains.empty() || weights.size() != domains.size())
    fail("data to mix: expected a weight for each of ", domains.size(), " domains, found ", weights.size());
  double sum = 0;
  for (size_t d = 0; d < weights.size(); ++d) {
    if (!(weights[d] >= 0) || !std::isfinite(weights[d]) || (weights[d] > 0 && domains[d].size() == 0))
      fail("data to mix: domain ", d, " has weight ", weights[d], " and ", domains[d].size(), " rows");
    sum += weights[d];
  }
  if (!(sum > 0))
    fail("data to mix: the weights sum to ", sum, ", expected more than 0");
  for (double weight : weights)
    mixed.weights.push_back(weight / sum);
  mixed.rows = concatenate(domains);
  return mixed;
}

} // namespace xlstm
