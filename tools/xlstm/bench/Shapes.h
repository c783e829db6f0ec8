//===- Shapes.h - teachers of known sizes, without weights ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_BENCH_SHAPES_H
#define XLSTM_TOOLS_XLSTM_BENCH_SHAPES_H

#include <filesystem>
#include <string>
#include <vector>

namespace xlstm::bench {

/// Names of the shapes: "28m", "135m", "1b", "8b", and "tiny" for tests.
std::vector<std::string> shapeNames();

/// The module of a Llama of this shape, as the import of its folder gives it. The folder, whose weights are a file of
/// holes, is made under `scratch`.
std::string moduleOfShape(const std::string &shape, const std::filesystem::path &scratch);

} // namespace xlstm::bench

#endif // XLSTM_TOOLS_XLSTM_BENCH_SHAPES_H
