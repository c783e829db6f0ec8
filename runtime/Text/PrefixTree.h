//===- PrefixTree.h - which tokens a text begins with ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_PREFIXTREE_H
#define XLSTM_RUNTIME_TEXT_PREFIXTREE_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xlstm::text {

/// Strings with a value each, as a tree of bytes. The children of a node lie one behind the other, by byte: a large
/// vocabulary takes about ten bytes for each byte of it.
class PrefixTree {
public:
  /// Of equal strings the last one's value counts.
  explicit PrefixTree(std::vector<std::pair<std::string_view, int32_t>> items);

  /// Calls take(length, value) for every string that the text begins with, the shortest first.
  template <typename Take>
  void visit(std::string_view text, Take take) const {
    uint32_t node = text.empty() ? none : roots[uint8_t(text[0])];
    for (size_t n = 1; node != none; ++n) {
      if (nodes[node].value >= 0)
        take(n, nodes[node].value);
      node = n < text.size() ? child(node, uint8_t(text[n])) : none;
    }
  }
  /// The value of just this string; -1 when it is not there.
  int32_t find(std::string_view text) const;

private:
  static constexpr uint32_t none = 0xFFFFFFFF;
  struct Node {
    int32_t value = -1;
    uint32_t firstChild = 0;
    uint16_t numChildren = 0;
    uint8_t byte = 0;
  };

  uint32_t child(uint32_t node, uint8_t byte) const {
    uint32_t low = nodes[node].firstChild, high = low + nodes[node].numChildren;
    while (high - low > 8) {
      uint32_t middle = (low + high) / 2;
      (nodes[middle].byte <= byte ? low : high) = middle;
    }
    for (; low < high; ++low)
      if (nodes[low].byte == byte)
        return low;
    return none;
  }

  std::vector<Node> nodes;
  std::array<uint32_t, 256> roots;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_PREFIXTREE_H
