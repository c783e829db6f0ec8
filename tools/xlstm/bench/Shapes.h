//===- Shapes.h - teachers of known sizes, without weights ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_BENCH_SHAPES_H
#define XLSTM_TOOLS_XLSTM_BENCH_SHAPES_H

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xlstm::bench {

/// A Llama's sizes; keyHeads share among heads, tied: the head's weight is the embedding's.
struct Shape {
  const char *name;
  int64_t layers, width, inner, heads, keyHeads, headSize, vocab, context;
  bool tied;

  /// Of one token's products of rows with weights, the head's included.
  int64_t weights() const { return layers * layerWeights() + vocab * width; }
  int64_t layerWeights() const { return width * (2 * (heads + keyHeads) * headSize + 3 * inner); }
};

/// Throws Error where there is none of this name.
const Shape &shapeOf(const std::string &name);

/// Names of the shapes: "28m", "135m", "1b", "8b", and "tiny" for tests.
std::vector<std::string> shapeNames();

/// The module of a Llama of this shape, as the import of its folder gives it. The folder, whose weights are a file of
/// holes, is made under `scratch`.
std::string moduleOfShape(const std::string &shape, const std::filesystem::path &scratch);

} // namespace xlstm::bench

#endif // XLSTM_TOOLS_XLSTM_BENCH_SHAPES_H
