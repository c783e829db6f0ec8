//===- PrefixTree.cpp - which tokens a text begins with -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/PrefixTree.h"

#include <algorithm>

using namespace xlstm::text;

PrefixTree::PrefixTree(std::vector<std::pair<std::string_view, int32_t>> items) {
  std::ranges::stable_sort(items, {}, [](const auto &item) { return item.first; });
  roots.fill(none);
  /// The sorted strings [begin, end) have `depth` bytes in common, the way to `node`.
  struct Open {
    uint32_t node;
    size_t begin, end, depth;
  };
  std::vector<Open> level, next;
  // Adds a node for each byte that the strings have at `depth`; those strings are what the next level splits.
  auto addChildren = [&](size_t begin, size_t end, size_t depth) {
    while (begin < end) {
      uint8_t byte = uint8_t(items[begin].first[depth]);
      size_t stop = begin;
      while (stop < end && uint8_t(items[stop].first[depth]) == byte)
        ++stop;
      next.push_back({uint32_t(nodes.size()), begin, stop, depth + 1});
      nodes.push_back({.byte = byte});
      begin = stop;
    }
  };
  auto first = std::ranges::find_if(items, [](const auto &item) { return !item.first.empty(); });
  addChildren(size_t(first - items.begin()), items.size(), 0);
  for (const Open &root : next)
    roots[nodes[root.node].byte] = root.node;
  while (!next.empty()) {
    level.swap(next);
    next.clear();
    for (auto [node, begin, end, depth] : level) {
      for (; begin < end && items[begin].first.size() == depth; ++begin)
        nodes[node].value = items[begin].second;
      uint32_t firstChild = uint32_t(nodes.size());
      addChildren(begin, end, depth);
      nodes[node].firstChild = firstChild;
      nodes[node].numChildren = uint16_t(nodes.size() - firstChild);
    }
  }
}

int32_t PrefixTree::find(std::string_view text) const {
  int32_t found = -1;
  visit(text, [&](size_t length, int32_t value) { found = length == text.size() ? value : found; });
  return found;
}
